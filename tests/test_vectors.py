"""Areas that users draw land on the right pixels, whatever the CRS and the grid."""

from dataclasses import dataclass

import numpy as np
import pytest
import shapely
import shapely.affinity
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyogrio.raw import write
from pyproj import CRS

from pdn_geo.errors import VectorError
from pdn_geo.geometry import Window
from pdn_geo.grid import AffineMapping, PixelGrid
from pdn_geo.io.vectors import VectorMasks, read_area

UTM = CRS.from_epsg(32632)
NORTH_UP = Affine(10, 0, 5e5, 0, -10, 5e6)
ROTATED = Affine.translation(5e5, 5e6) * Affine.rotation(30) * Affine.scale(10, -10)
SOUTH_UP = Affine(10, 0, 5e5, 0, 10, 5e6)
GRIDS = {"north-up": NORTH_UP, "rotated": ROTATED, "south-up": SOUTH_UP}
ALL = Window(col_off=0, row_off=0, width=50, height=40)


def grid_of(transform=NORTH_UP, crs=UTM):
    return PixelGrid(height=320, width=400, crs=crs, mapping=AffineMapping(transform))


PIXELS = PixelGrid(height=320, width=400)
IN_PIXELS = shapely.Polygon([(80, 64), (160, 64), (160, 120), (120, 160), (80, 120)])


def save(path, geometries, crs="EPSG:32632", layer=None, append=False):
    wkb = np.array([shapely.to_wkb(g) for g in geometries], dtype=object)
    kinds = {g.geom_type for g in geometries}
    options = {} if layer is None else {"layer": layer}
    write(
        path, geometry=wkb, field_data=[], fields=[], crs=crs, append=append,
        geometry_type=kinds.pop() if len(kinds) == 1 else "Unknown", **options,
    )  # fmt: skip
    return path


def on_ground(geometry, grid, crs):
    """A geometry in scene pixels as a user would have drawn it: finely, in `crs`."""
    from pyproj import Transformer

    transformer = Transformer.from_crs(grid.crs, crs, always_xy=True)

    def place(points):
        return np.column_stack(transformer.transform(*grid.to_crs(points[:, 0], points[:, 1])))

    return shapely.transform(shapely.segmentize(geometry, 1), place)


def by_hand(geometry, window, stride, *, touching):
    """The cells that an area touches, or whose centres it holds."""
    out = np.zeros((window.height, window.width), bool)
    for row in range(window.height):
        for col in range(window.width):
            left, top = (window.col_off + col) * stride, (window.row_off + row) * stride
            if touching:
                cell = shapely.box(left, top, left + stride, top + stride)
                out[row, col] = geometry.intersection(cell).area > 1e-6
            else:
                out[row, col] = geometry.contains(
                    shapely.Point(left + stride / 2, top + stride / 2)
                )
    return out


@pytest.mark.parametrize("transform", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("code", [32632, 4326, 3857, 32631, 3035])
def test_an_area_lands_on_its_pixels(tmp_path, transform, code):
    grid = grid_of(transform)
    drawn = on_ground(IN_PIXELS, grid, CRS.from_epsg(code))
    path = save(tmp_path / "a.gpkg", [drawn], f"EPSG:{code}")
    area = read_area(path, grid)
    assert area.symmetric_difference(IN_PIXELS).area < 1e-3 * IN_PIXELS.length


def test_few_vertices_far_apart_are_followed_along_the_curve(tmp_path):
    """A parallel is no straight line in UTM: 2.4 degrees wide, it bends by 0.4 km."""
    grid = PixelGrid(
        height=2000, width=2000, crs=UTM, mapping=AffineMapping(Affine(100, 0, 4e5, 0, -100, 6.1e6))
    )
    box = shapely.box(-30, 54.5, 40, 60)
    area = read_area(save(tmp_path / "a.geojson", [box], "EPSG:4326"), grid)
    x = np.array([5.0, 500, 1000, 1500, 1995])
    for column in x:
        line = shapely.LineString([(column, 0), (column, 2000)])
        lowest = area.intersection(line).bounds[3]
        assert grid.to_lonlat(column, lowest)[1] == pytest.approx(54.5, abs=1e-5)


@pytest.mark.parametrize("transform", GRIDS.values(), ids=GRIDS)
def test_cells(tmp_path, transform):
    grid = grid_of(transform)
    area = shapely.affinity.translate(IN_PIXELS, 1.3, 2.1)  # no edge through a cell's centre
    path = save(tmp_path / "a.geojson", [on_ground(area, grid, 4326)], "EPSG:4326")
    masks = VectorMasks.read(grid, aoi=path, water=path)
    allowed, water = masks.cells(ALL, 8)
    np.testing.assert_array_equal(allowed, by_hand(area, ALL, 8, touching=True))
    np.testing.assert_array_equal(water, by_hand(area, ALL, 8, touching=False))


@given(
    col=st.integers(0, 40), row=st.integers(0, 30), width=st.integers(1, 10),
    height=st.integers(1, 10), stride=st.sampled_from([8, 16]),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_a_window_of_cells_is_that_part_of_all(col, row, width, height, stride):
    area = IN_PIXELS.buffer(7).union(shapely.Point(300, 200).buffer(50))
    masks = VectorMasks(aoi=area, land=area)
    window = Window(col_off=col, row_off=row, width=width, height=height)
    everything = Window(col_off=0, row_off=0, width=50, height=40)
    for part, whole in zip(
        masks.cells(window, stride), masks.cells(everything, stride), strict=True
    ):
        np.testing.assert_array_equal(part, whole[window.slices])


def test_water_and_land():
    west, south = shapely.box(0, 0, 200, 320), shapely.box(0, 160, 400, 320)
    _, water = VectorMasks(water=west).cells(ALL, 8)
    assert water[:, :25].all()
    assert not water[:, 25:].any()
    _, water = VectorMasks(land=south).cells(ALL, 8)
    assert water[:20].all()
    assert not water[20:].any()
    _, water = VectorMasks(water=west, land=south).cells(ALL, 8)
    assert water[:20, :25].all()
    assert water.sum() == 20 * 25
    assert VectorMasks().cells(ALL, 8) == (None, None)


def test_points():
    masks = VectorMasks(aoi=IN_PIXELS)
    np.testing.assert_array_equal(masks.allows([100, 10, 80], [100, 10, 100]), [True, False, True])
    assert VectorMasks().allows([1.0, -5], [2, 3]).all()
    assert masks.allows([], []).shape == (0,)


def test_without_georeferencing_coordinates_are_pixels(tmp_path):
    """GeoJSON says WGS 84 whatever is in it."""
    path = save(tmp_path / "a.geojson", [IN_PIXELS], "EPSG:4326")
    assert read_area(path, PIXELS).equals(IN_PIXELS)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_without_a_crs_coordinates_are_the_scenes(tmp_path):
    grid = grid_of()
    path = save(tmp_path / "a.shp", [on_ground(IN_PIXELS, grid, UTM)], None)
    path.with_suffix(".prj").unlink(missing_ok=True)
    assert read_area(path, grid).symmetric_difference(IN_PIXELS).area < 1e-3


def test_parts_are_joined_and_clipped(tmp_path):
    geometries = [
        shapely.box(-50, -50, 100, 100),
        shapely.MultiPolygon([shapely.box(50, 50, 120, 90), shapely.box(300, 300, 900, 900)]),
        shapely.Point(7, 7),
    ]
    area = read_area(save(tmp_path / "a.geojson", geometries, "EPSG:4326"), PIXELS)
    assert area.area == 100 * 100 + 20 * 40 + 100 * 20
    assert area.bounds == (0, 0, 400, 320)


def test_a_bow_tie_is_mended(tmp_path):
    bow = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    assert read_area(save(tmp_path / "a.gpkg", [bow]), PIXELS).area == pytest.approx(5000)


def test_the_first_layer_with_polygons_counts(tmp_path):
    path = save(tmp_path / "a.gpkg", [shapely.Point(3, 4)], layer="marks")
    save(path, [IN_PIXELS], layer="area", append=True)
    save(path, [shapely.box(0, 0, 9, 9)], layer="other", append=True)
    assert read_area(path, PIXELS).equals(IN_PIXELS)


@pytest.mark.parametrize("crs", [4326, 32601], ids=["lon/lat scene", "UTM scene"])
@pytest.mark.parametrize("turn", [0, 360], ids=["-180..180", "0..360"])
def test_an_area_across_the_antimeridian(tmp_path, crs, turn):
    if crs == 4326:
        transform = Affine(0.01, 0, 178, 0, -0.01, 2)  # as far as 182 degrees east
    else:
        transform = Affine(1000, 0, -5e4, 0, -1000, 2e5)
    grid = grid_of(transform, CRS.from_epsg(crs))
    halves = [
        shapely.box(179.5, -0.5, 180, 0.5),
        shapely.box(-180 + turn, -0.5, -179.5 + turn, 0.5),
    ]
    area = read_area(save(tmp_path / "a.gpkg", halves, "EPSG:4326"), grid)
    lon, lat = grid.to_lonlat(*shapely.get_coordinates(area).T)
    assert lat.min() == pytest.approx(-0.5, abs=1e-3)
    assert (lon % 360).min() == pytest.approx(179.5, abs=1e-3)
    assert (lon % 360).max() == pytest.approx(180.5, abs=1e-3)
    assert area.buffer(1e-6).geom_type == "Polygon"  # the halves meet


@dataclass(frozen=True)
class Bent:
    """A scene whose rows are arcs in its CRS."""

    def to_crs(self, x, y):
        return x, y + 1e-3 * (x - 200) ** 2

    def to_pixel(self, crs_x, crs_y):
        return crs_x, crs_y - 1e-3 * (crs_x - 200) ** 2


def test_a_curved_scene(tmp_path):
    grid = PixelGrid(height=320, width=400, crs=UTM, mapping=Bent())
    area = read_area(save(tmp_path / "a.gpkg", [shapely.box(0, 100, 400, 200)]), grid)
    assert area.area == pytest.approx(400 * 100, rel=1e-3)
    assert area.intersects(shapely.Point(200, 199))
    assert not area.intersects(shapely.Point(395, 190))


@pytest.mark.parametrize("name", ["aoi", "water"])
def test_an_area_elsewhere_is_an_error(tmp_path, name):
    path = save(tmp_path / "far.gpkg", [shapely.box(0, 0, 1, 1)], "EPSG:4326")
    with pytest.raises(VectorError, match=r"far\.gpkg: does not touch scene\.tif"):
        VectorMasks.read(grid_of(), **{name: path}, scene_name="scene.tif")


def test_open_sea_has_no_land(tmp_path):
    path = save(tmp_path / "far.gpkg", [shapely.box(0, 0, 1, 1)], "EPSG:4326")
    _, water = VectorMasks.read(grid_of(), land=path).cells(ALL, 8)
    assert water.all()


def message(path, grid=PIXELS):
    with pytest.raises(VectorError) as caught:
        read_area(path, grid)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert text.count(str(path)) == 1
    return text


def test_unusable_files(tmp_path):
    assert "No such file" in message(tmp_path / "none.gpkg")
    (tmp_path / "a.geojson").write_text("{ not json")
    assert "not recognized" in message(tmp_path / "a.geojson")
    (tmp_path / "empty.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    assert "has no polygons" in message(tmp_path / "empty.geojson")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    assert "has no polygons" in message(tmp_path / "table.csv")
    line = shapely.LineString([(0, 0), (300, 300)])
    assert "has no polygons" in message(save(tmp_path / "line.gpkg", [line]), grid_of())


def test_another_planet_is_another_place(tmp_path):
    path = save(tmp_path / "earth.gpkg", [shapely.box(0, 0, 1, 1)], "EPSG:4326")
    moon = grid_of(Affine(0.01, 0, 0, 0, -0.01, 1), CRS.from_user_input("IAU_2015:30100"))
    message(path, moon)
