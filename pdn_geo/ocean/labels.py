"""What a simulated sea holds as plain arrays in pixels, for training without a file."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.ocean.sea import Sea

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labels:
    """Boats of one sea, (N,) each, in the order of `sea.vessels`; N may be 0.

    x, y, length, width: pixels of the scene (x right, y down, (0, 0) the corner of the
    top-left pixel), at the mean moment of the exposures. angle: where the bow points,
    radians from +x towards +y. status: "underway", "still" or "berthed".
    kind: what boat it is. visible: share of the boat's light that no cloud takes away, 0 to 1.
    """

    x: Floats
    y: Floats
    length: Floats
    width: Floats
    angle: Floats
    status: NDArray[np.str_]
    kind: NDArray[np.str_]
    visible: Floats

    def __len__(self) -> int:
        return len(self.x)

    @property
    def underway(self) -> NDArray[np.bool_]:
        """Which boats move through the water."""
        return self.status == "underway"


def labels_of(sea: Sea) -> Labels:
    """Every boat of a sea, whether or not it stands out from the water."""
    boats = [vessel.boat for vessel in sea.vessels]
    gsd_m = sea.config.gsd_m
    middle = float(np.mean(sea.config.times_s))
    x, y = np.array([boat.moved(middle) for boat in boats]).reshape(-1, 2).T / gsd_m
    length, width, angle = (
        np.array([getattr(boat, name) for boat in boats], dtype=np.float64)
        for name in ("length_m", "beam_m", "angle")
    )
    return Labels(
        x=x,
        y=y,
        length=length / gsd_m,
        width=width / gsd_m,
        angle=angle,
        status=np.array([boat.status for boat in boats], dtype=np.str_),
        kind=np.array([boat.kind.name for boat in boats], dtype=np.str_),
        visible=1 - sea.cloud_opacity(x, y),
    )


@dataclass(frozen=True, slots=True)
class Negatives:
    """Things on the water that are no boats, (N,) each: x, y in pixels as in `Labels`, and
    what it is: "buoy", "rock", "pier", "pontoon", "quay", "breakwater", "crane" ...
    """

    x: Floats
    y: Floats
    what: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.x)


def negatives_of(sea: Sea) -> Negatives:
    """The middle of every work and rock of a sea; empty in the open sea."""
    coast = sea.coast
    rows = [(w.x, w.y, w.what) for w in coast.works.all] if coast else []
    rows += [(rock.x, rock.y, "rock") for rock in coast.rocks] if coast else []
    x, y = (np.array([row[i] for row in rows], dtype=np.float64) for i in (0, 1))
    what = np.array([row[2] for row in rows], dtype=np.str_)
    return Negatives(x / sea.config.gsd_m, y / sea.config.gsd_m, what)
