"""The sea's physics against published values."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdn_geo.geometry import Window
from pdn_geo.ocean import boats, light, spectrum, wakes, whitecaps
from pdn_geo.ocean.lattice import Lattice
from pdn_geo.ocean.surface import BREAKER_AGES_S, SeaState, Surface, wrapped

K = np.geomspace(1e-3, 1e4, 20000)


@lru_cache
def surface(wind_mps: float) -> Surface:
    state = SeaState(
        wind_mps=wind_mps, wind_angle=0.4, swell_m=0.0, swell_wavelength_m=100, swell_angle=0.0
    )
    return Surface(state, gsd_m=2.0, times_s=(0.0,), seed=3)


@pytest.mark.parametrize("wind", [5, 10, 15])
def test_spectrum_has_the_slope_variance_of_cox_and_munk(wind):
    total = np.trapezoid(K**2 * spectrum.elfouhaily(K, wind), K)
    assert total == pytest.approx(0.003 + 0.00512 * wind, rel=0.15)
    assert sum(spectrum.cox_munk(wind)) == pytest.approx(0.003 + 0.00508 * wind)


@pytest.mark.parametrize("wind", [5, 10, 15])
def test_fully_developed_sea_has_its_height(wind):
    # Elfouhaily et al. (1997), fig. 11: 4σ follows 0.26 U²/g for a fully developed sea
    height = 4 * np.sqrt(np.trapezoid(spectrum.elfouhaily(K, wind), K))
    assert height == pytest.approx(0.26 * wind**2 / 9.81, rel=0.06)


@settings(deadline=None)  # a busy machine is no defect of the formula
@given(k=st.floats(0.01, 500), wind=st.floats(1, 25))
def test_spreading_keeps_energy_and_follows_the_wind(k, wind):
    angle = np.linspace(-np.pi, np.pi, 2001)
    share = spectrum.spreading(angle, spectrum.spreading_exponent(k, wind))
    assert np.trapezoid(share, angle) == pytest.approx(1, abs=1e-3)
    assert share[1000] == share.max()
    delta = 2 * np.trapezoid(share * np.cos(2 * angle), angle)
    assert -1e-3 < delta < 1


def test_directional_spectrum_is_the_product_of_its_factors():
    k_down, k_cross = np.array([0.2, -0.5, 3.0, 0.0]), np.array([0.1, 0.4, -2.0, 0.0])
    k, angle = np.hypot(k_down, k_cross)[:3], np.arctan2(k_cross, k_down)[:3]
    spread = spectrum.spreading(angle, spectrum.spreading_exponent(k, 8))
    expected = spectrum.elfouhaily(k, 8) * spread / k
    density = spectrum.wind_waves(k_down, k_cross, 8)
    np.testing.assert_allclose(density[:3], expected, rtol=1e-3)
    assert density[3] == 0


def test_swell_holds_its_variance():
    k = np.linspace(-0.2, 0.2, 801)
    density = spectrum.swell(k[None, :], k[:, None], height_m=2, wavelength_m=120, angle=1.0)
    assert density.sum() * (k[1] - k[0]) ** 2 == pytest.approx(0.25, rel=1e-3)


def test_surface_has_the_slopes_of_its_spectrum():
    sea = surface(10)
    window = Window(col_off=500, row_off=-300, width=1000, height=1000)
    slopes = sea.slopes(window, 0, np.ones((1000, 1000), np.float32))
    k = K[0.95 * np.pi / 2.0 > K]
    resolved = np.trapezoid(k**2 * spectrum.elfouhaily(k, 10), k)
    assert sum(s.var() for s in slopes) == pytest.approx(resolved, rel=0.08)
    assert sum(sea.resolved_variance) == pytest.approx(resolved, rel=0.05)
    assert slopes[0].var() > slopes[1].var()
    crests = sea.crests(window, 0)
    assert crests.mean() == pytest.approx(0, abs=0.02)
    assert crests.std() == pytest.approx(1, abs=0.03)


def test_waves_run_with_the_wind():
    sea = surface(10)
    window = Window(col_off=0, row_off=0, width=512, height=512)
    before, after = (np.fft.fft2(sea.crests(window, moment)) for moment in (2, 0))
    correlation = np.fft.ifft2(after * before.conj()).real
    row, col = np.unravel_index(correlation.argmax(), correlation.shape)
    shift = np.array([(col + 256) % 512 - 256, (row + 256) % 512 - 256])
    along = shift @ [np.cos(0.4), np.sin(0.4)]
    speed = 2.0 * along / BREAKER_AGES_S[1]
    assert 2 < speed < 11  # breaking waves are slower than the wind
    assert along > 2 * abs(shift @ [-np.sin(0.4), np.cos(0.4)])


@pytest.mark.parametrize("wind", [5, 10, 15])
def test_whitecaps_cover_what_monahan_saw(wind):
    # 3.84e-6 U^3.41: 0.093 %, 0.99 %, 3.9 %
    expected = {5: 0.00093, 10: 0.00987, 15: 0.0393}[wind]
    assert whitecaps.coverage(wind) == pytest.approx(expected, rel=0.01)
    sea = surface(wind)
    foam = whitecaps.Whitecaps(sea, wind_mps=wind, wind_angle=0.4, gsd_m=2.0, seed=3)
    shares = []
    for i in range(6):
        window = Window(col_off=3000 * i, row_off=40_000 - 900 * i, width=600, height=600)
        drawn = foam.at(window, 0, foam.floating(window))
        assert (drawn.whiteness <= drawn.cover + 1e-6).all()
        shares.append(drawn.cover.mean())
    assert np.mean(shares) == pytest.approx(expected, rel=0.3 if wind == 5 else 0.2)


def test_whitecaps_of_a_light_wind_are_fainter_but_no_fewer():
    """Breakers of 0.4 m hardly ever fill pixels of 1 m."""
    assert whitecaps.breaker_size_m(10) == pytest.approx(0.05 * 83.3, rel=0.01)
    brightest = {}
    for wind in (3, 12):
        foam = whitecaps.Whitecaps(surface(wind), wind_mps=wind, wind_angle=0.4, gsd_m=1.0, seed=3)
        cover = foam.floating(Window(col_off=0, row_off=0, width=2048, height=2048)).cover
        brightest[wind] = np.quantile(cover[cover > 0], 0.99)
    assert brightest[3] < 0.6 * brightest[12]


@settings(deadline=None)  # a busy machine is no defect of the formula
@given(share=st.floats(1e-6, 0.3), softness=st.floats(0.1, 8))
def test_ramp_threshold_inverts_ramp_share(share, softness):
    threshold = whitecaps.ramp_threshold(share, softness)
    assert whitecaps.ramp_share(threshold, softness) == pytest.approx(share, rel=1e-3)


def test_ramp_share_is_the_mean_of_the_ramp():
    z = np.random.default_rng(0).standard_normal(400_000)
    mean = np.clip((z - 1.0) / 0.7, 0, 1).mean()
    assert whitecaps.ramp_share(1.0, 0.7) == pytest.approx(mean, rel=0.02)


def moving(speed: float, length: float = 60.0, beam: float = 10.0) -> wakes.Wake:
    boat = boats.Boat(
        kind=boats.KINDS[4], x=0, y=0, length_m=length, beam_m=beam, angle=0, speed_mps=speed,
        seed=1,
    )  # fmt: skip
    return wakes.Wake.of(boat, wind_mps=3)


def test_kelvin_wedge_and_wavelength():
    assert np.degrees(wakes.KELVIN_HALF_ANGLE) == pytest.approx(19.47, abs=0.01)
    assert wakes.transverse_wavelength(10) == pytest.approx(64.05, abs=0.05)
    # on the track the transverse waves cross zero twice in 2π U²/g
    aft = np.linspace(300, 900, 60_001)
    slope, _ = moving(8).kelvin(aft, np.full_like(aft, 1e-3), 0.1)
    crossings = aft[1:][np.diff(np.sign(slope)) != 0]
    assert np.diff(crossings).mean() * 2 == pytest.approx(2 * np.pi * 64 / 9.81, rel=0.01)


def test_kelvin_waves_end_at_the_cusp():
    wake, aft = moving(8), np.full(4000, 300.0)
    side = np.linspace(0.1, 300 * np.tan(wakes.KELVIN_HALF_ANGLE) * 0.9999, 4000)
    along, across = wake.kelvin(aft, side, 0.1)
    assert np.isfinite(along).all()
    steepness = np.hypot(along, across)
    assert steepness[-1] < 0.2 * steepness.max()
    assert 0.005 < steepness.max() < 0.3
    mirrored = wake.kelvin(aft, -side, 0.1)
    np.testing.assert_allclose(mirrored[0], along)
    np.testing.assert_allclose(mirrored[1], -across)


def test_turbulent_wake_grows_as_a_fifth_root():
    far = wakes.turbulent_width(np.array([0.0, 3.1e6, 3.2e7 * 3.1]), 10.0)
    assert far[0] == pytest.approx(10)
    assert far[2] / far[1] == pytest.approx(2, rel=1e-3)


def test_foam_of_a_wake_fades_and_lies_behind():
    wake = moving(8)
    aft = np.array([-200.0, 5.0, wake.visible_m, 4 * wake.visible_m])
    white = wake.foam(aft, wake.track(aft), np.ones(4))
    assert white[0] == 0
    assert white[1] > 0.5
    assert white[1] > white[2] > white[3]
    assert white[3] < 0.06


def test_fresnel_at_the_zenith_and_at_brewsters_angle():
    assert light.fresnel(0) == pytest.approx(0.0211, abs=1e-4)
    assert light.fresnel(1e-3) == pytest.approx(light.fresnel(0), rel=1e-3)
    brewster = np.arctan(light.REFRACTIVE_INDEX)
    s = np.sin(2 * brewster - np.pi / 2) ** 2
    assert light.fresnel(brewster) == pytest.approx(s / 2, rel=1e-6)


def test_flat_facet_mirrors_a_sun_behind_the_viewer_across_the_zenith():
    sun = light.Sun(np.radians(30), 0.0)
    across = sun.vector * [-1, -1, 1]
    np.testing.assert_allclose(light.facet_slope(sun.vector, across), 0, atol=1e-12)
    # seen from the zenith a facet must lean half the sun's zenith angle towards it
    slope = light.facet_slope(sun.vector, np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(slope, [-np.tan(np.radians(15)), 0], atol=1e-12)


def test_shadow_falls_away_from_the_sun():
    sun = light.Sun(np.radians(45), np.pi / 2)
    np.testing.assert_allclose(sun.shadow_offset(10), [0, -10], atol=1e-9)


def test_lattice_passes_through_its_nodes_and_repeats():
    nodes = np.random.default_rng(1).standard_normal((24, 24))
    lattice = Lattice.through(nodes, 8)
    window = Window(col_off=-40, row_off=16, width=300, height=200)
    at_nodes = lattice.draw(window, (-0.5, -0.5))[::8, ::8]
    rows, cols = (2 + np.arange(25)) % 24, (-5 + np.arange(38)) % 24
    np.testing.assert_allclose(at_nodes, nodes[np.ix_(rows, cols)], atol=2e-5)


@settings(deadline=None)  # a busy machine is no defect of the formula
@given(col=st.integers(-50, 50), row=st.integers(-50, 50), size=st.integers(1, 40))
def test_wrapped_is_a_plane_of_tiles(col, row, size):
    tile = np.arange(7 * 11, dtype=np.float32).reshape(7, 11)
    window = Window(col_off=col, row_off=row, width=size, height=size + 3)
    rows, cols = np.arange(row, row + size + 3) % 7, np.arange(col, col + size) % 11
    np.testing.assert_array_equal(wrapped(tile, window), tile[np.ix_(rows, cols)])
