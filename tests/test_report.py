"""The report page: what it says, what it never lets through, and its limits."""

import base64
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import rasterio
import typer
from products_examples import UTM, findings, grid_at, look
from rasterio.errors import NotGeoreferencedWarning
from seas import BOATS, NORTH_UP, make_sea, write_tif
from typer.testing import CliRunner

from pdn_geo.detections import Detections
from pdn_geo.errors import OptionError, OutputError, VectorError
from pdn_geo.grid import PixelGrid
from pdn_geo.io import open_scene
from pdn_geo.products import Findings, write_products
from pdn_geo.report import chips, page, write_report

SEA = make_sea()
HOSTILE = "<img src=x onerror=alert(1)>&\"'</title><script>alert(2)</script>"
VOID = {"meta", "input", "link", "br"}


def sea_boats(**fields) -> Detections:
    """The boats of the sea as if found, best score first."""
    x, y, length, width, angle = SEA.boats.T
    known = {
        "x": x,
        "y": y,
        "length": length,
        "width": width,
        "angle": angle,
        "score": np.linspace(0.95, 0.55, len(x)),
        "wake": np.linspace(0, 1, len(x)),
        "bow_known": np.arange(len(x)) % 2 == 0,
        "cut": np.zeros(len(x)),
        "look": np.arange(len(x)) % 3,
    }
    return Detections(**{**known, **fields})


SEA_LOOKS = (look(0, 0, 0, 512), look(1, 512, 0, 448), look(2, 64, 512, 320))


def write_run(folder: Path, raster: Path, boats: Detections, **fields) -> Path:
    """The GeoPackage of a run over a raster; fields as of `Findings`."""
    with open_scene(raster) as opened:
        grid = opened.grid
    run = findings(grid, boats, **{"scene": str(raster), "looks": SEA_LOOKS, **fields})
    write_products(run, [folder / "boats.gpkg"])
    return folder / "boats.gpkg"


def make_page(folder: Path, scene: Path, boats: Detections, **fields) -> Path:
    """A report of a run over a scene."""
    write_report(write_run(folder, scene, boats, **fields), folder / "report.html", scene=scene)
    return folder / "report.html"


class Elements(HTMLParser):
    """Every element in order as (tag, attributes, text right behind it); checks nesting."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, {name: value or "" for name, value in attributes}, ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes), ""))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self.found:
            tag, attributes, text = self.found[-1]
            self.found[-1] = tag, attributes, text + data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            attributes
            for name, attributes, _ in self.found
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]


def words_of(text: str) -> str:
    """What a reader sees, roughly."""
    body = re.sub(r"<(script|style).*?</\1>|<title>.*?</title>", "", text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", "", body).split())


def decoded(uri: str) -> np.ndarray:
    """The picture of a data address, (rows, cols, 3)."""
    head, _, content = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    with (
        rasterio.MemoryFile(io.BytesIO(base64.b64decode(content))) as memory,
        memory.open() as jpeg,
    ):
        return np.moveaxis(jpeg.read(), 0, -1)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tif(tmp_path_factory.mktemp("report") / "sea.tif", SEA.values)


@pytest.fixture(scope="module")
def text(scene: Path) -> str:
    return make_page(scene.parent, scene, sea_boats(), missed_at_most=4.0).read_text("utf-8")


def test_page_is_well_formed_and_its_references_hold(text: str) -> None:
    elements = Elements(text)
    ids = [attributes["id"] for _, attributes, _ in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes, _ in elements.found:
        for name in ("for", "aria-labelledby"):
            assert attributes.get(name, ids[0]) in ids
    for tag, attributes, content in elements.found:
        if tag == "button":
            assert content.strip() or attributes.get("aria-label")


def test_page_needs_no_network_and_allows_only_its_own_script(text: str) -> None:
    elements = Elements(text)
    for _, attributes, _ in elements.found:
        assert "src" not in attributes
        assert attributes.get("href", "data:").startswith("data:")
    assert "@import" not in text
    assert "url(" not in text.replace("url(#scene-edge)", "")
    (policy,) = elements.all("meta", **{"http-equiv": "Content-Security-Policy"})
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["content"].startswith("default-src 'none';")
    assert policy["content"].endswith(f"script-src 'sha256-{digest}'")


def test_summary_comes_first_and_is_honest(text: str) -> None:
    said = words_of(text)
    lede = (
        "5 boats found. Looked closely at 10.0 % of the searchable area; not at 90.0 % of it. "
        "Expect about 1.2 outside the looks, at most 4 with 90 % probability."
    )
    assert said.index(lede) < said.index("GSD1.00 m")
    for fact in ("960 × 960 px", "EPSG:32633", "classical", "pdn-geo 0.", "affine, WGS 84"):
        assert fact in said
    assert "The anchor is made from stored overviews." in said


def test_rows_place_each_boat_in_the_scene(text: str) -> None:
    rows = Elements(text).all("tr")[1:6]
    places = np.array([[float(row["data-x"]), float(row["data-y"])] for row in rows])
    np.testing.assert_allclose(places, BOATS[:, :2], atol=0.06)
    sizes = [float(row["data-size"]) for row in rows]
    np.testing.assert_allclose(sizes, BOATS[:, 2], atol=0.06)


def test_headings_have_both_ends_where_the_bow_is_unknown(text: str) -> None:
    said = words_of(text)
    axes = np.degrees(BOATS[:, 4]) + 90  # north-up: bearing from the angle in pixels
    assert f"{round(axes[0]) % 360:03d}°" in said
    ahead = round(axes[1] % 180)
    assert f"{ahead:03d}/{ahead + 180:03d}°" in said


def test_chips_are_the_scene_at_full_resolution_under_their_hulls(text: str) -> None:
    boats = re.findall(
        r'<svg viewBox="0 0 (\d+) (\d+)" data-x="(\d+)" data-y="(\d+)".*?href="([^"]+)"/>'
        r'<path class="hull" d="M([^Z]*)Z',
        text,
    )
    assert len(boats) == len(BOATS)
    for (cols, rows, left, top, uri, hull), (x, y, *_) in zip(boats, BOATS, strict=True):
        rgb = decoded(uri)
        assert rgb.shape == (int(rows), int(cols), 3)
        here = SEA.values[:, int(top) : int(top) + int(rows), int(left) : int(left) + int(cols)]
        shown, stored = rgb.mean(axis=-1).ravel(), here.mean(axis=0).ravel()
        assert np.corrcoef(shown, np.sqrt(stored))[0, 1] > 0.95
        points = np.array([point.split() for point in hull.split("L")], dtype=float)
        np.testing.assert_allclose(points.mean(axis=0), [x - int(left), y - int(top)], atol=0.1)


def test_text_of_files_is_escaped_everywhere(scene: Path, tmp_path: Path) -> None:
    looks = [look(0, 0, 0, 512)]
    object.__setattr__(looks[0], "reason", HOSTILE)
    boats = sea_boats(look=np.zeros(5))
    named = {"scene": HOSTILE, "notes": (HOSTILE,), "model": HOSTILE, "looks": looks}
    write_report(write_run(tmp_path, scene, boats, **named), tmp_path / "a.html", scene=scene)
    text = (tmp_path / "a.html").read_text("utf-8")
    elements = Elements(text)
    assert len(elements.all("script")) == 1
    assert elements.all("img") == []
    assert HOSTILE not in text
    assert not any(name.startswith("on") for _, found, _ in elements.found for name in found)
    assert text.count("&lt;script&gt;alert(2)") >= 4


def test_empty_result_says_what_that_means(scene: Path, tmp_path: Path) -> None:
    text = make_page(tmp_path, scene, Detections.empty()).read_text("utf-8")
    said = words_of(text)
    assert "No boats found. Looked closely at 10.0 %" in said
    assert "3 close looks showed nothing that scored enough." in said
    assert "no curve to draw" in said
    elements = Elements(text)
    assert elements.all("figure") == []
    assert elements.all("table") == elements.all("table", **{"class": "sectors"})


def test_run_without_looks(scene: Path, tmp_path: Path) -> None:
    path = make_page(tmp_path, scene, Detections.empty(), looks=(), searched_share=0.0)
    said = words_of(path.read_text("utf-8"))
    assert "Nothing was looked at closely. Expect about 1.2 outside the looks." in said
    assert "100 % of the searchable area was not looked at closely." in said


def test_a_scene_searched_whole(scene: Path, tmp_path: Path) -> None:
    known = {"looks": (look(0, 0, 0, 960),), "searched_share": 1.0, "expected_missed": 0.0}
    text = make_page(tmp_path, scene, Detections.empty(), **known).read_text("utf-8")
    lede = "No boats found. Looked closely at all of the searchable area. Expect none outside"
    assert lede in words_of(text)
    assert re.findall(r'<td style="--share:([\d.]+)">', text) == ["1.000"] * 9


def test_scene_without_crs_is_in_pixels(tmp_path: Path) -> None:
    with pytest.warns(NotGeoreferencedWarning):
        scene = write_tif(tmp_path / "plain.tif", SEA.values, crs=None, transform=None)
    text = make_page(tmp_path, scene, sea_boats()).read_text("utf-8")
    said = words_of(text)
    assert "none, pixel coordinates" in said
    assert "GSD–" in said
    assert "Length, px" in said
    assert "Latitude" not in said
    assert "North arrow" not in text
    row = Elements(text).all("tr", id="boat-1")[0]
    assert float(row["data-y"]) == pytest.approx(BOATS[0, 1], abs=0.06)


def test_without_georeferencing_the_gsd_is_what_detect_was_told(tmp_path: Path) -> None:
    with pytest.warns(NotGeoreferencedWarning):
        scene = write_tif(tmp_path / "plain.tif", SEA.values, crs=None, transform=None)
    rows, cols = SEA.values.shape[1:]
    grid = PixelGrid(height=rows, width=cols, assumed_gsd_m=0.75)
    run = findings(grid, sea_boats(), scene=str(scene), looks=SEA_LOOKS)
    write_products(run, [tmp_path / "boats.gpkg"])
    for told, shown in ((None, "GSD0.75 m"), (2.0, "GSD2.00 m")):
        write_report(tmp_path / "boats.gpkg", tmp_path / "r.html", scene=scene, gsd_m=told)
        assert shown in words_of((tmp_path / "r.html").read_text("utf-8"))


def test_sixteen_bits_look_like_eight(scene: Path, tmp_path: Path) -> None:
    deep = write_tif(tmp_path / "deep.tif", SEA.values.astype("uint16") * 37 + 4000)
    pictures = []
    for path in (scene, deep):
        text = make_page(tmp_path, path, sea_boats()).read_text("utf-8")
        pictures += [[decoded(uri) for uri in re.findall(r'href="(data:[^"]+)"', text)]]
    assert pictures[0][0].std() > 10
    for plain, other in zip(*pictures, strict=True):
        assert np.abs(plain.astype(float) - other).mean() < 2


def test_nodata_is_grey_and_named(tmp_path: Path) -> None:
    values = SEA.values.clip(1, 255)
    values[:, :, 640:] = 0
    scene = write_tif(tmp_path / "edge.tif", values, nodata=0)
    text = make_page(tmp_path, scene, sea_boats()).read_text("utf-8")
    cells = re.findall(r'<td style="--share:([\d.]+)">([^<]*)', text)
    assert [name for _, name in cells][2::3] == ["no data"] * 3
    picture = decoded(re.search(r'href="(data:[^"]+)"', text).group(1))
    assert abs(picture[:, 700:].astype(float) - 127).max() < 12


def test_unreadable_parts_are_blank_and_the_page_is_made(tmp_path: Path) -> None:
    scene = tmp_path / "damaged.tif"
    tiles = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
    write_tif(scene, SEA.values, **tiles)
    result = write_run(tmp_path, scene, sea_boats())
    content = bytearray(scene.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2000] = bytes(2000)
    scene.write_bytes(content)
    write_report(result, tmp_path / "report.html", scene=scene)
    assert "5 boats found." in words_of((tmp_path / "report.html").read_text("utf-8"))


def test_same_files_give_the_same_bytes(scene: Path, tmp_path: Path) -> None:
    result = write_run(tmp_path, scene, sea_boats())
    pages = [tmp_path / "a.html", tmp_path / "b.html"]
    for path in pages:
        write_report(result, path, scene=scene, threads=1 + pages.index(path))
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_thousands_of_boats_stay_small_and_the_cut_is_said(scene: Path, tmp_path: Path) -> None:
    n, rng = page.MOST_BOATS + 200, np.random.default_rng(0)
    boats = Detections(
        x=rng.uniform(50, 900, n), y=rng.uniform(50, 900, n), length=np.full(n, 90.0),
        width=np.full(n, 20.0), angle=rng.uniform(0, 6, n), score=rng.uniform(0.5, 1, n),
        wake=np.zeros(n), bow_known=np.zeros(n), cut=np.zeros(n), look=np.zeros(n),
    )  # fmt: skip
    path = make_page(tmp_path, scene, boats)
    assert path.stat().st_size < 15e6
    text = path.read_text("utf-8")
    said = words_of(text)
    assert "5,200 boats found." in said
    assert "The best 5,000 of 5,200: the others are in the file." in said
    assert f"The best {chips.MOST_CHIPS} boats with hull" in said
    assert text.count('<figure class="chip"') == chips.MOST_CHIPS


def test_chips_end_where_the_page_would_grow_too_large(
    scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chips, "MOST_BYTES", 12_000)
    text = make_page(tmp_path, scene, sea_boats()).read_text("utf-8")
    figures = text.count('<figure class="chip"')
    assert 0 < figures < 5
    assert f"The best {figures:,} boats with hull" in words_of(text)


def test_results_of_other_scenes_are_refused(scene: Path, tmp_path: Path) -> None:
    elsewhere = grid_at(100.0, 10.0, "EPSG:32647", NORTH_UP)
    larger = findings(UTM, looks=(look(0, 1500, 1500),))
    for name, run in (("elsewhere", findings(elsewhere)), ("larger", larger)):
        write_products(run, [tmp_path / f"{name}.gpkg"])
        with pytest.raises(VectorError, match=f"{name}.gpkg: is not a result for this scene"):
            write_report(tmp_path / f"{name}.gpkg", tmp_path / "report.html", scene=scene)
    assert not (tmp_path / "report.html").exists()


def test_other_files_and_bad_outputs_are_refused(scene: Path, tmp_path: Path) -> None:
    run: Findings = findings(UTM)
    write_products(run, [tmp_path / "boats.geojson"])
    with pytest.raises(VectorError, match="has no layer"):
        write_report(tmp_path / "boats.geojson", tmp_path / "report.html", scene=scene)
    with pytest.raises(VectorError, match="no such file"):
        write_report(tmp_path / "none.gpkg", tmp_path / "report.html", scene=scene)
    with pytest.raises(OptionError, match=r"must end in \.html"):
        write_report(tmp_path / "boats.geojson", scene, scene=scene)
    with pytest.raises(OutputError, match="no folder"):
        write_report(tmp_path / "boats.geojson", tmp_path / "no" / "report.html", scene=scene)


def test_command_writes_the_page_and_says_so(scene: Path, tmp_path: Path) -> None:
    from pdn_geo_cli.report import report

    app = typer.Typer()
    app.command()(report)
    result, out = write_run(tmp_path, scene, sea_boats()), tmp_path / "report.html"
    done = CliRunner().invoke(app, [str(result), "--scene", str(scene), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert str(out) in done.output
    assert out.read_text("utf-8").startswith("<!doctype html>")
