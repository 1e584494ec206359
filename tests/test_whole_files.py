"""`kill -9`, a full disk, an earlier run's journal: result files are complete or absent."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pyogrio
import pytest
from products_examples import UTM, findings

from pdn_geo.products import write_products
from pdn_geo.products.write import WRITERS

TESTS = str(Path(__file__).parent)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


KILLS = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
import matplotlib.backends.backend_agg, pyarrow.parquet, pyogrio  # once, for all children
import numpy as np
from pathlib import Path
from products_examples import UTM, findings
from pdn_geo.products import save_preview, write_products
from pdn_geo.products.write import WRITERS

NAMES = ["b" + suffix for suffix in WRITERS] + ["b.png"]
rgb = np.zeros((64, 64, 3), np.uint8)

def write(folder):
    write_products(findings(UTM), [folder / name for name in NAMES[:-1]])
    save_preview(folder / "b.png", findings(UTM), rgb, 2000 / 64)

def in_child(folder, after_s=None):
    begin = time.monotonic()
    child = os.fork()
    if not child:
        write(folder)
        os._exit(0)
    if after_s is not None:
        time.sleep(after_s)
        os.kill(child, 9)
    os.waitpid(child, 0)
    return time.monotonic() - begin

reference = Path("reference")
reference.mkdir()
whole_s = min(in_child(reference), 3)  # on a busy machine most of it would be waiting
whole = {name: (reference / name).read_bytes() for name in NAMES}
for number, share in enumerate(map(float, sys.argv[2:])):
    folder = Path(str(number))
    folder.mkdir()
    in_child(folder, share * whole_s)
    for name in NAMES:
        if (folder / name).exists():
            assert (folder / name).read_bytes() == whole[name], (share, name)
    others = [path.name for path in folder.iterdir() if path.name not in NAMES]
    assert all(name.startswith(".pdn-geo-") for name in others), others
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL and fork")
def test_a_killed_process_leaves_no_incomplete_file(tmp_path: Path) -> None:
    moments = ["0.15", "0.4", "0.65", "0.9"]
    run = subprocess.run(
        [sys.executable, "-c", KILLS, TESTS, *moments],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr


LIMITED = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from products_examples import UTM, findings
from pdn_geo.errors import OutputError
from pdn_geo.products import write_products
from pdn_geo.products.write import WRITERS

for suffix in WRITERS:
    path = Path("b" + suffix)
    write_products(findings(UTM), [path])
    whole = path.read_bytes()
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) - 1, resource.RLIM_INFINITY))
    try:
        write_products(findings(UTM), [path])
    except OutputError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert path.read_bytes() == whole
"""


def test_not_even_the_last_byte_is_lost_unnoticed(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, TESTS],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    lines = [f"b{suffix}: cannot write (file too large)" for suffix in WRITERS]
    assert run.stdout.splitlines() == lines
    assert names(tmp_path) == {f"b{suffix}" for suffix in WRITERS}


FULL_DISK = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from pathlib import Path
from products_examples import UTM, findings, one_boat
from pdn_geo.detections import Detections
from pdn_geo.errors import OutputError
from pdn_geo.products import save_preview, write_products
from pdn_geo.products.write import WRITERS

boats = Detections.concatenate([one_boat(x=i, y=i / 7, length=i / 3) for i in range(1, 600)])
found = findings(UTM, boats)
rgb = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
writers = {suffix: (lambda path: write_products(found, [path])) for suffix in WRITERS}
writers[".png"] = lambda path: save_preview(path, found, rgb, 2000 / 64)
disk = Path("disk")
for suffix, write in writers.items():
    path = disk / ("b" + suffix)
    for pages in (3, 8):
        size = f"size={pages * 4096}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "none", disk], check=True)
        path.write_text("the last run")
        try:
            write(path)
        except OutputError as error:
            print(error)
        assert [entry.name for entry in disk.iterdir()] == [path.name]
        assert path.read_text() == "the last run"
        subprocess.run(["umount", "--lazy", disk], check=True)
"""


@pytest.mark.skipif(
    sys.platform != "linux"
    or subprocess.run(
        ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True, check=False,
    ).returncode != 0,
    reason="needs a file system of its own to fill up (unshare and mount)",
)  # fmt: skip
def test_a_full_disk_is_one_line_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    run = subprocess.run(
        ["unshare", "--map-root-user", "--mount", sys.executable, "-c", FULL_DISK, TESTS],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    lines = [
        f"disk/b{suffix}: cannot write (no space left on device)"
        for suffix in (*WRITERS, ".png")
        for _ in range(2)
    ]
    assert run.stdout.splitlines() == lines


def test_the_journal_of_an_earlier_geopackage_is_not_played_into_the_new_one(
    tmp_path: Path,
) -> None:
    """As QGIS leaves it, which opens GeoPackages in WAL mode, when it is killed."""
    made, left = tmp_path / "made.gpkg", tmp_path / "b.gpkg"
    write_products(findings(UTM), [made])
    with closing(sqlite3.connect(made)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        with database:
            database.execute("DROP TABLE layer_styles")
            database.execute("UPDATE gpkg_contents SET description = 'the last run'")
        for ending in ("", "-wal", "-shm"):
            source = made.with_name(f"{made.name}{ending}")
            left.with_name(f"{left.name}{ending}").write_bytes(source.read_bytes())
    assert (tmp_path / "b.gpkg-wal").stat().st_size > 0
    write_products(findings(UTM), [left])
    with closing(sqlite3.connect(left)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        described = database.execute("SELECT description FROM gpkg_contents").fetchall()
    assert ("the last run",) not in described
    assert pyogrio.read_info(left, layer="layer_styles")["features"] == 4
    assert {name for name in names(tmp_path) if name.startswith("b.")} == {"b.gpkg"}
