"""Zip the plugin for QGIS: python qgis/package.py dist/pdn_geo_provider.zip."""

import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

HERE = Path(__file__).parent
PLUGIN = HERE / "pdn_geo_provider"
DATE = (2000, 1, 1, 0, 0, 0)


def package(path: Path) -> None:
    """One folder with the plugin and the licence; the same bytes from the same files."""
    files = {file.relative_to(HERE): file for file in sorted(PLUGIN.iterdir()) if file.is_file()}
    files[Path(PLUGIN.name, "LICENSE")] = HERE.parent / "LICENSE"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, file in files.items():
            archive.writestr(ZipInfo(name.as_posix(), DATE), file.read_bytes(), ZIP_DEFLATED)


if __name__ == "__main__":
    package(Path(sys.argv[1]))
