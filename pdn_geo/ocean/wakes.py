"""What a boat under way leaves on the water: foam, a smooth trail, and Kelvin's waves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.ocean.boats import Boat
from pdn_geo.ocean.spectrum import GRAVITY

Image = NDArray[np.floating]

KELVIN_HALF_ANGLE = float(np.arcsin(1 / 3))  # 19.47 degrees, Lord Kelvin (1887)
_TRAIL_S = 45.0  # time in which the bubbly trail fades
_SLOPE = 0.22  # of Kelvin waves close behind the stern
_FAINTEST = 0.08  # whiteness at which the foam of a wake is said to end


def transverse_wavelength(speed_mps: float) -> float:
    """Wavelength on the track, 2π U²/g (deep water)."""
    return 2 * np.pi * speed_mps**2 / GRAVITY


def turbulent_width(aft_m: Image, beam_m: float) -> Image:
    """Width of the turbulent wake that far behind the stern, metres.

    Grows as the fifth root of distance from one beam on (Milgram, Skop, Peltzer & Griffin
    1993, J. Geophys. Res. 98, C4).
    """
    return beam_m * (1 + np.maximum(aft_m, 0) / beam_m) ** np.float32(0.2)


@dataclass(frozen=True, slots=True)
class Wake:
    """The wake of one boat under way; lengths in metres."""

    boat: Boat
    strength: float  # whiteness at the stern
    foam_m: float  # distance in which foam fades by e
    arms: float  # tangent of the half angle between its two bright edges
    bend: float  # curvature of the track, 1/m, positive to starboard
    meander: tuple[float, float]  # phases of its sway
    kelvin_m: float  # how far Kelvin waves are told from the sea

    @classmethod
    def of(cls, boat: Boat, wind_mps: float) -> "Wake":
        """The wake that follows from speed, size and wind; its foam varies by seed."""
        rng = np.random.default_rng([boat.seed, 8])
        speed = boat.speed_mps
        froude = speed / np.sqrt(GRAVITY * boat.length_m)
        kelvin = 12 * transverse_wavelength(speed) / (1 + wind_mps / 6)
        return cls(
            boat,
            strength=float(np.clip(0.25 + 0.08 * speed, 0, 0.95) * rng.uniform(0.7, 1.0)),
            foam_m=float(speed * rng.uniform(2.5, 6.5) * (1 + boat.beam_m / 20)),
            arms=float(np.clip(rng.uniform(0.04, 0.09) * froude, 0.0, 0.1)),
            bend=float(np.clip(rng.standard_t(2), -3, 3) * 0.02 / (boat.length_m + 20)),
            meander=(float(rng.uniform(0, 6.28)), float(rng.uniform(0, 6.28))),
            kelvin_m=float(np.clip(kelvin, 6 * boat.length_m, 2500)),
        )

    @property
    def visible_m(self) -> float:
        """Length of the foam behind the stern, down to the faintest told from water."""
        return self.foam_m * float(np.log(max(self.strength / _FAINTEST, 1.2)))

    @property
    def kelvin_origin_m(self) -> float:
        """Where the wedge of waves starts, metres before the stern: just behind the bow."""
        return 0.9 * self.boat.length_m

    @property
    def trail_m(self) -> float:
        """Length of the smooth bubbly trail."""
        return max(self.boat.speed_mps * _TRAIL_S, self.visible_m)

    @property
    def reach_m(self) -> float:
        """Radius around the boat's centre that holds all of it."""
        return self.boat.length_m / 2 + max(2.0 * self.trail_m, self.kelvin_m * 1.07)

    def track(self, aft_m: Image) -> Image:
        """How far to the side the track lies that far behind the stern, metres."""
        aft, beam = np.maximum(aft_m, 0), self.boat.beam_m
        sway = np.sin(aft / (9 * beam) + self.meander[0]) - np.sin(self.meander[0])
        sway = sway + 0.5 * (np.sin(aft / (3.7 * beam) + self.meander[1]))
        grown = 0.15 * beam * np.minimum(aft / (12 * beam), 1)
        return np.sign(aft) * (0.5 * self.bend * aft**2 + grown * sway)

    def edge_at(self, aft_m: Image) -> Image:
        """Distance of the bright edges from the track, metres."""
        return 0.42 * turbulent_width(aft_m, self.boat.beam_m) + aft_m * self.arms

    def foam(self, aft_m: Image, side_m: Image, lace: Image) -> Image:
        """Whiteness 0 to 1 at points behind the stern (aft_m) and beside the track.

        `lace`: how much of an old foam is left at each point.

        A bright core from the propeller, two edges from the hull's sides that open slowly,
        the bow wave along the hull, all over a faint trail of bubbles.
        """
        beam = self.boat.beam_m
        behind = aft_m > 0
        aft, off = np.maximum(aft_m, 0), np.abs(side_m)
        width = turbulent_width(aft, beam)
        core = np.exp(-np.square(side_m / (0.3 * width)) - aft / self.foam_m)
        edge_at = self.edge_at(aft)
        edge_width = 0.13 * beam + 0.02 * aft + 0.3
        edges = np.exp(-np.square((off - edge_at) / edge_width) - aft / self.foam_m)
        churned = np.exp(-aft / (0.25 * self.foam_m)) + 0.25 * np.exp(-aft / self.foam_m)
        fill = 0.8 * (off < edge_at) * churned
        white = np.maximum(np.maximum(0.85 * core, edges), fill) * behind
        bubbles = 0.12 * self.trail(aft_m, side_m)
        white *= 1 - np.clip(0.35 + aft / self.foam_m, 0, 1) * (1 - lace)
        bow = self._bow(aft_m, off) * (0.4 + 0.6 * lace)
        return self.strength * np.maximum(white, np.maximum(bubbles * lace, bow))

    def trail(self, aft_m: Image, side_m: Image) -> Image:
        """How far short waves are smoothed, 0 to 1."""
        width = turbulent_width(aft_m, self.boat.beam_m)
        across = np.exp(-((side_m / (0.55 * width)) ** 4))
        return (aft_m > 0) * across * np.exp(-np.maximum(aft_m, 0) / self.trail_m)

    def _bow(self, aft_m: Image, off: Image) -> Image:
        """Water thrown aside by the bow: thin at the stem, wider and weaker aft."""
        length, beam = self.boat.length_m, self.boat.beam_m
        from_stem = aft_m + length
        alongside = (from_stem > 0) & (aft_m <= 0)
        t = np.clip(from_stem / length, 0, 1)
        hull = 0.5 * beam * np.minimum(1, 2.2 * t)
        fringe = 0.1 + (0.04 + 0.1 * t) * min(beam, 0.6 * self.boat.speed_mps)
        return alongside * np.exp(-np.square(np.maximum(off - hull, 0) / fringe)) * (1 - 0.5 * t)

    def kelvin(self, aft_m: Image, side_m: Image, gsd_m: float) -> tuple[Image, Image]:
        """Slopes (towards the stern, towards positive side) of the waves at 1-D points.

        Transverse and divergent waves by stationary phase (Lamb 1932, § 256; Newman 1977,
        § 6.13), inside the half angle. A hull makes little that is longer than itself
        (Rabaud & Moisy 2013, Phys. Rev. Lett. 110) and its width damps what is short.
        """
        boat = self.boat
        ratio = np.abs(side_m) / aft_m
        root = np.sqrt(np.maximum(1 - 8 * ratio**2, 0))
        distance = np.hypot(aft_m, side_m)
        # waves shorten and fade away from the hull and at the edge of the wedge
        fade = np.sqrt(boat.length_m / (boat.length_m + distance)) / np.sqrt(np.sqrt(root + 0.08))
        fade = fade * np.exp(-2 * distance / self.kelvin_m) * np.minimum(root * 8, 1)
        k_least = GRAVITY / boat.speed_mps**2
        total_aft, total_side = np.zeros_like(aft_m), np.zeros_like(aft_m)
        for sign in (-1, 1):
            safe = np.maximum(ratio, 1e-4)
            tangent = np.minimum((1 + sign * root) / (4 * safe), 12)
            k = k_least * (1 + tangent**2)
            cosine = 1 / np.sqrt(1 + tangent**2)
            k_aft, k_side = k * cosine, -k * cosine * tangent
            phase = k_aft * aft_m + k_side * np.abs(side_m) + sign * np.pi / 4
            made = np.exp(-((2 * np.pi / (boat.length_m * k)) ** 2) - 0.12 * k * boat.beam_m)
            made = made * np.exp(-((k * gsd_m / 2.2) ** 4))
            slope = _SLOPE * fade * made * np.sin(phase)
            total_aft += slope * cosine
            total_side -= slope * cosine * tangent * np.sign(side_m)
        return total_aft, total_side
