"""Where pixels lie: affine transforms of every kind, GCPs, RPCs, and none."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer
from rasters import UTM, ramp, write

from pdn_geo.errors import OptionError
from pdn_geo.io import open_scene
from pdn_geo.io.gcps import fit_gcps

SIZE = (400, 300)
RNG = np.random.default_rng(5)
X, Y = RNG.uniform(0, SIZE[1], 500), RNG.uniform(0, SIZE[0], 500)


def opened(tmp_path, gsd_m=None, **profile):
    path = write(tmp_path / "a.tif", ramp(1, *SIZE), **profile)
    with open_scene(path, gsd_m=gsd_m) as scene:
        return scene


def assert_round_trip(grid, tolerance=1e-3):
    x, y = grid.to_pixel(*grid.to_crs(X, Y))
    assert np.abs(x - X).max() < tolerance
    assert np.abs(y - Y).max() < tolerance


@pytest.mark.parametrize(
    "transform",
    [
        UTM["transform"],
        UTM["transform"] * Affine.rotation(33),
        UTM["transform"] * Affine.shear(10, 4),
        Affine(10, 0, 500_000, 0, 10, 4_500_000),
        Affine(0, 10, 500_000, 10, 0, 4_500_000),
    ],
    ids=["north up", "rotated", "sheared", "south up", "transposed"],
)
def test_affine(tmp_path, transform):
    scene = opened(tmp_path, crs="EPSG:32618", transform=transform)
    grid = scene.grid
    assert grid.transform.almost_equals(transform)
    assert scene.crs_text == "EPSG:32618"
    expected = Transformer.from_crs(32618, 4326, always_xy=True).transform(*(transform * (7, 9)))
    np.testing.assert_allclose(grid.to_lonlat(7, 9), expected, atol=1e-9)
    assert grid.gsd_m == pytest.approx(10 * np.sqrt(abs(transform.determinant) / 100), rel=2e-3)
    assert_round_trip(grid, 1e-6)


def test_pixel_is_point_shifts_by_half_a_pixel(tmp_path):
    path = write(tmp_path / "a.tif", ramp(), **UTM)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(AREA_OR_POINT="Point")
    with open_scene(path) as scene:
        np.testing.assert_allclose(scene.grid.to_crs(0, 0), (500_000, 4_500_000))


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ({}, "no georeferencing: results"),
        ({"crs": "EPSG:32618"}, "a CRS, but no transform"),
        ({"transform": UTM["transform"]}, "a transform, but no CRS"),
        (UTM | {"crs": 'LOCAL_CS["site",UNIT["metre",1]]'}, "a local CRS (site)"),
        ({"crs": "EPSG:4326", "transform": Affine(1, 0, 500_000, 0, -1, 4e6)}, "off the map"),
    ],
)
def test_no_usable_georeferencing_is_said(tmp_path, profile, reason):
    scene = opened(tmp_path, gsd_m=0.5, **profile)
    assert not scene.grid.is_georeferenced
    assert scene.grid.gsd_m == 0.5
    assert scene.crs_text is None
    assert [n for n in scene.notes if reason in n] == scene.notes[1:]


def test_a_given_gsd_must_not_contradict_the_file(tmp_path):
    with pytest.raises(OptionError, match=r"3 m was given, .* georeferenced, at 10 m"):
        opened(tmp_path, gsd_m=3, **UTM)
    for nonsense in (0, -1, np.nan, np.inf):
        with pytest.raises(OptionError, match="must be positive"):
            opened(tmp_path, gsd_m=nonsense)


def gcps(to_lonlat, side, noise=0.0):
    rng = np.random.default_rng(1)
    points = []
    for row in np.linspace(0, SIZE[0], side):
        for col in np.linspace(0, SIZE[1], side):
            x, y = to_lonlat(col, row)
            dx, dy = rng.normal(0, noise, 2) if noise else (0, 0)
            points.append(GroundControlPoint(row=row, col=col, x=x + dx, y=y + dy))
    return points


def bent(col, row):
    """A smooth mapping that no low polynomial is, a tenth of a millidegree a pixel."""
    return 10 + 1e-4 * (col + 4 * np.sin(row / 90)), 50 - 1e-4 * (row + 3 * np.cos(col / 70))


@pytest.mark.parametrize("side", [2, 3, 6, 15])
def test_gcps_of_an_affine_scene_give_the_affine(tmp_path, side):
    points = gcps(lambda c, r: (10 + 1e-4 * c, 50 - 1e-4 * r), side)
    scene = opened(tmp_path, gcps=points, crs="EPSG:4326")
    np.testing.assert_allclose(
        scene.grid.to_lonlat(X, Y), (10 + 1e-4 * X, 50 - 1e-4 * Y), atol=1e-9
    )
    assert_round_trip(scene.grid)
    assert f"{side * side} ground control points: polynomial of order 1" in scene.notes[-1]


def test_many_gcps_of_a_bent_scene_are_followed(tmp_path):
    scene = opened(tmp_path, gcps=gcps(bent, 15), crs="EPSG:4326")
    lon, lat = scene.grid.to_lonlat(X, Y)
    assert np.abs(lon - bent(X, Y)[0]).max() < 2e-5
    assert np.abs(lat - bent(X, Y)[1]).max() < 2e-5
    assert_round_trip(scene.grid)
    assert "thin-plate spline" in scene.notes[-1]


def test_noise_of_gcps_is_not_followed(tmp_path):
    points = gcps(lambda c, r: (10 + 1e-4 * c, 50 - 1e-4 * r), 6, noise=1e-4)
    scene = opened(tmp_path, gcps=points, crs="EPSG:4326")
    assert "polynomial of order 1" in scene.notes[-1]
    lon, _ = scene.grid.to_lonlat(X, Y)
    assert np.abs(lon - 10 - 1e-4 * X).max() < 1e-4


def test_leave_one_out_errors_are_what_leaving_out_gives():
    points = gcps(bent, 4, noise=3e-5)
    whole = fit_gcps(points, height=SIZE[0], width=SIZE[1], is_lonlat=True)
    misses = []
    for i in range(len(points)):
        scaled = [(whole.fit.basis, p) for j, p in enumerate(points) if j != i]
        design = np.stack([b.terms(normal(p, whole)) for b, p in scaled])
        values = np.stack([target(p, whole) for _, p in scaled])
        weights = np.linalg.lstsq(design, values, rcond=None)[0]
        out = whole.fit.basis.terms(normal(points[i], whole)) @ weights
        misses.append(target(points[i], whole) - out)
    np.testing.assert_allclose(whole.fit.misses, misses, atol=1e-9)


def normal(point, mapping):
    return (np.array([point.col, point.row]) - mapping.pixel_centre) / mapping.pixel_scale


def target(point, mapping):
    return (np.array([point.x, point.y]) - mapping.crs_centre) / mapping.crs_scale


def test_gcps_across_the_antimeridian():
    points = gcps(lambda c, r: ((179.99 + 1e-4 * c + 180) % 360 - 180, -1e-4 * r), 4)
    mapping = fit_gcps(points, height=SIZE[0], width=SIZE[1], is_lonlat=True)
    lon, _ = mapping.to_crs(np.array([0.0, 300.0]), np.array([5.0, 5.0]))
    np.testing.assert_allclose(lon, [179.99, -179.98], atol=1e-9)
    np.testing.assert_allclose(mapping.to_pixel(lon, np.zeros(2))[0], [0, 300], atol=1e-5)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([(0, 0, 1, 1)], "needs 3"),
        ([(0, 0, 1, 1), (9, 9, 2, 2), (20, 20, 3, 3)], "on a line"),
        ([(0, 0, 1, 1), (9, 0, 2, 1), (0, 20, 3, 1)], "on a line"),
        ([(0, 0, 1, 1), (9, 0, np.inf, 1), (0, 20, 3, 1)], "finite"),
    ],
)
def test_gcps_that_carry_nothing(tmp_path, points, reason):
    points = [GroundControlPoint(row=r, col=c, x=x, y=y) for c, r, x, y in points]
    scene = opened(tmp_path, gcps=points, crs="EPSG:4326")
    assert not scene.grid.is_georeferenced
    assert "ground control points that cannot be used" in scene.notes[-1]
    assert reason in scene.notes[-1]


def camera(**changes):
    """RPCs of a camera that looks north-up, 1e-4 degrees a pixel, every term in use."""
    rng = np.random.default_rng(3)
    line, sample, line_down, sample_down = rng.normal(0, 2e-3, (4, 20))
    line[2], sample[1], line_down[0], sample_down[0] = -1, 1, 1, 1
    values = {
        "height_off": 20.0, "height_scale": 500.0,
        "lat_off": 50.0, "lat_scale": 0.02, "long_off": 10.0, "long_scale": 0.015,
        "line_off": 200.0, "line_scale": 200.0, "samp_off": 150.0, "samp_scale": 150.0,
        "line_num_coeff": line.tolist(), "line_den_coeff": line_down.tolist(),
        "samp_num_coeff": sample.tolist(), "samp_den_coeff": sample_down.tolist(),
    }  # fmt: skip
    return RPC(**{**values, **changes}, err_bias=0, err_rand=0)


def test_rpcs(tmp_path):
    scene = opened(tmp_path, rpcs=camera())
    grid = scene.grid
    assert scene.crs_text == "EPSG:4326"
    assert "RPCs at their mean height of 20 m" in scene.notes[-1]
    lon, lat = grid.to_lonlat(X, Y)
    with RPCTransformer(camera(), RPC_HEIGHT=20) as oracle:
        rows, cols = oracle.rowcol(lon, lat, zs=np.zeros_like(lon), op=np.positive)
    np.testing.assert_allclose(cols, X, atol=1e-6)
    np.testing.assert_allclose(rows, Y, atol=1e-6)
    assert_round_trip(grid, 1e-6)
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(lambda _: grid.to_lonlat(X, Y), range(8))
    assert all(np.array_equal(first, other) for other in others)
    assert np.isnan(grid.to_lonlat(np.nan, 3)).all()


@pytest.mark.parametrize(
    "broken",
    [{"lat_scale": 0.0}, {"samp_off": np.nan}, {"line_den_coeff": [0.0] * 20}],
)
def test_rpcs_that_carry_nothing(tmp_path, broken):
    scene = opened(tmp_path, rpcs=camera(**broken))
    assert not scene.grid.is_georeferenced


def test_shapes_pass_through_every_mapping(tmp_path):
    for profile in (UTM, {"gcps": gcps(bent, 15), "crs": "EPSG:4326"}, {"rpcs": camera()}):
        grid = opened(tmp_path, **profile).grid
        for shape in ((), (0,), (2, 3)):
            x, y = np.ones(shape), np.ones(shape)
            assert grid.to_crs(x, y)[0].shape == shape
            assert grid.to_pixel(*grid.to_crs(x, y))[1].shape == shape


def test_the_antimeridian_and_other_planets_of_the_hostile_set(shared_data):
    with open_scene(shared_data / "hostile/01_georef/cog_dateline.tif") as scene:
        lon, _ = scene.grid.to_lonlat([0, scene.grid.width], [1000, 1000])
        assert lon[0] > 170
        assert lon[1] < -170
    with open_scene(shared_data / "hostile/01_georef/cog_hirise_mars.tif") as scene:
        assert scene.grid.is_georeferenced
        assert not scene.grid.is_on_earth
    with open_scene(shared_data / "hostile/01_georef/cog_gcps.tif") as scene:
        assert "thin-plate spline, leave-one-out error 0.03" in scene.notes[-1]
