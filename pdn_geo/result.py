"""What `detect` returns: boats, looks and what was searched, for Python and Jupyter."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pdn_geo.geometry import Window
from pdn_geo.products import (
    Findings,
    account,
    draw_preview,
    georeference,
    looks_table,
    save_preview,
    searched_area_table,
    write_products,
)
from pdn_geo.saliency import SaliencyMap
from pdn_geo.thumbnail import Picture, Sketch

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from matplotlib.axes import Axes
    from xarray import DataArray


@dataclass(frozen=True, eq=False, kw_only=True)
class DetectionResult:
    """One run over one scene.

    findings: what goes into a file, in scene pixels. saliency_map: per cell of the global
    anchor. sketch: the scene small. seconds: wall time by stage. failed: windows (scene
    pixels) that could not be decoded and so were not searched. interrupted: the run was
    stopped before it had made all its looks, and holds what was found until then.
    """

    findings: Findings
    saliency_map: SaliencyMap
    sketch: Sketch
    seconds: dict[str, float]
    failed: tuple[Window, ...]
    interrupted: bool = False

    @cached_property
    def picture(self) -> Picture:
        """The scene small, drawn when it is first asked for."""
        return self.sketch.picture()

    @property
    def detections(self) -> "GeoDataFrame":
        """Oriented hulls with score, length, heading ...; `crs` is None for pixels."""
        return georeference(self.findings).to_geodataframe()

    @property
    def looks(self) -> "GeoDataFrame":
        """Footprints of the looks with order, reason and expected boats."""
        return looks_table(self.findings).to_geodataframe()

    @property
    def searched_area(self) -> "GeoDataFrame":
        """One row: the union of the looks and the account of the run."""
        return searched_area_table(self.findings).to_geodataframe()

    @property
    def saliency(self) -> "DataArray":
        """Expected boats per cell, (y, x) float32, with the scene's CRS and coordinates.

        Where the georeferencing is no affine transform, x and y are scene pixels.
        """
        from pdn_geo.products.dataarray import cells_to_dataarray

        cells = self.saliency_map
        return cells_to_dataarray(
            cells.expected_boats, self.findings.grid, cells.stride, name="expected_boats"
        )

    @property
    def summary(self) -> dict[str, Any]:
        """The account of the run as plain values, with the time by stage in seconds."""
        return {
            **account(self.findings),
            "failed_windows": len(self.failed),
            "interrupted": self.interrupted,
            "seconds": {stage: round(value, 3) for stage, value in self.seconds.items()},
        }

    def write(self, *paths: str | Path) -> None:
        """Write .geojson, .gpkg, .parquet or .fgb by extension; complete or not at all.

        Raises OutputError, or OptionError for an unknown extension.
        """
        write_products(self.findings, paths)

    def save_stac_item(self, path: str | Path, outputs: Sequence[str | Path] = ()) -> None:
        """Describe the run as a STAC 1.1 Item with `outputs` as assets. Raises OutputError.

        `datetime` is that of the scene's file where a tag has it, else that of the run.
        """
        from pdn_geo.io.acquired import acquisition_time
        from pdn_geo.products.stac import write_stac_item

        acquired = acquisition_time(self.findings.scene)
        write_stac_item(self.findings, path, outputs=outputs, acquired=acquired)

    def save_preview(self, path: str | Path) -> None:
        """Draw the scene small with looks and boats as a PNG. Raises OutputError."""
        save_preview(path, self.findings, self.picture.rgb, self.picture.stride)

    def save_qgis_project(self, path: str | Path, geopackage: str | Path) -> None:
        """Write a QGIS project, .qgz, of the scene under the layers of `geopackage`.

        geopackage: written before, by `write`. The saliency map goes beside the project, as
        <name>.saliency.tif. Raises OutputError, OptionError without georeferencing, and
        SceneError when the scene is no file.
        """
        from pdn_geo.products.qgis_project import check_qgis_project, write_qgis_project
        from pdn_geo.survey import save_saliency

        check_qgis_project(path, self.findings)
        saliency = Path(path).with_suffix(".saliency.tif")
        save_saliency(saliency, self.saliency_map, self.findings.grid)
        write_qgis_project(path, self.findings, geopackage=geopackage, saliency=saliency)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """The same picture on matplotlib axes, new ones if none are given."""
        if ax is None:
            from matplotlib import pyplot

            ax = pyplot.figure(figsize=(10, 10)).add_subplot()
        draw_preview(ax, self.findings, self.picture.rgb, self.picture.stride)
        return ax

    def explore(self) -> Any:
        """The same on a map to pan and zoom: lonboard's where installed, else folium's.

        Raises NoMapLibraryError without either, OptionError for a scene that has no place
        on a web map.
        """
        from pdn_geo.products.webmap import explore

        return explore(self.findings, self.picture.rgb, self.picture.stride)

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        lines = "<br>".join(escape(line) for line in self.lines())
        table = self.detections.drop(columns="geometry").head(10).to_html(index=False)
        return f"<p>{lines}</p>{table}"

    def lines(self) -> Sequence[str]:
        """What was found, in a few lines for a person."""
        found = self.findings
        grid = found.grid
        boats, looks = len(found.detections), len(found.looks)
        gsd = f" at {grid.gsd_m:.2f} m" if grid.gsd_m == grid.gsd_m else ""
        until = " until interrupted" if self.interrupted else ""
        lines = [
            f"scene     {found.scene}: {grid.width} x {grid.height} px{gsd}",
            f"boats     {boats}, in {looks} looks ({found.patches:.1f} patches of 512 px){until}",
            f"searched  {found.searched_share:.1%} of what could be searched",
            f"missed    {found.expected_missed:.1f} boats expected in the rest, "
            f"at most {found.missed_at_most:.0f} (9 in 10)",
        ]
        if not grid.is_georeferenced:
            lines.append("places    in pixels of the scene: it has no georeferencing")
        if self.failed:
            lines.append(f"failed    {len(self.failed)} windows could not be read: not searched")
        return lines
