"""The close looks, with a drive and a detector of the test's own."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.engines import Patch
from pdn_geo.errors import BlockReadError
from pdn_geo.geometry import Window
from pdn_geo.inspection import Inspection, inspect
from pdn_geo.saliency import SaliencyMap
from pdn_geo.scene import Pixels
from pdn_geo.sea import SeaStatistics
from pdn_geo.testing import FakeScene

SIZE, LOOKS = 256, 20


class Row:
    """A `Drive` of `LOOKS` windows from left to right; `choosing` is called before each."""

    searched = 1.0

    def __init__(self) -> None:
        self.given = 0
        self.heard: list[int] = []

    def choosing(self) -> None:
        pass

    def next_looks(self, count: int) -> list[Look]:
        looks = []
        while len(looks) < count and self.given < LOOKS:
            self.choosing()
            window = Window(col_off=8 * self.given, row_off=0, width=64, height=64)
            looks.append(Look(order=self.given, window=window, reason="next", expected_boats=0.1))
            self.given += 1
        return looks

    def look_again(self, windows: Sequence[Window], reason: str) -> list[Look]:
        return []

    def update(
        self, looks: Sequence[Look], detection_scores: Sequence[NDArray[np.floating]]
    ) -> None:
        self.heard += [look.order for look in looks]

    def expected_missed(self) -> float:
        return 0.0

    def expected_missed_upper(self) -> int:
        return 0


class Nothing:
    """A detector that finds nothing; `seen` lists the orders of the looks, `begun` is set."""

    name = "nothing"

    def __init__(self, *, wants_batches: bool = False) -> None:
        self.wants_batches = wants_batches
        self.seen: list[int] = []
        self.begun = threading.Event()

    def threshold(self, gsd_m: float) -> float:
        return 0.5

    def suits(self, band_names: Sequence[str]) -> str:
        return ""

    def detect(self, patches: Sequence[Patch], sea: SeaStatistics) -> list[Detections]:
        self.seen += [patch.look.order for patch in patches]
        self.begun.set()
        return [Detections.empty() for _ in patches]


def looked(drive: Row, detector: Nothing, scene: FakeScene | None = None) -> Inspection:
    cells = (SIZE // 8, SIZE // 8)
    saliency = SaliencyMap(
        stride=8,
        expected_boats=np.zeros(cells, np.float32),
        water=np.ones(cells, np.float16),
        searchable=np.ones(cells, np.bool_),
        reason=np.zeros(cells, np.uint8),
        reasons=("sweep",),
    )
    sea = SeaStatistics(np.zeros(1, np.float32), np.ones(1, np.float32))
    scene = scene or FakeScene(np.zeros((1, SIZE, SIZE)))
    return inspect(scene, drive, detector, saliency, sea, threads=2)


@pytest.mark.parametrize("wants_batches", [False, True])
def test_every_look_is_made_once_and_the_drive_hears_of_it_in_order(wants_batches: bool) -> None:
    drive, detector = Row(), Nothing(wants_batches=wants_batches)
    looks = looked(drive, detector).looks
    assert [look.order for look in looks] == drive.heard == list(range(LOOKS))
    assert sorted(detector.seen) == list(range(LOOKS))


def test_looks_are_made_while_the_next_is_chosen() -> None:
    detector = Nothing()

    class Slow(Row):
        def choosing(self) -> None:
            if self.given == 1:
                assert detector.begun.wait(60), "the first look waits for the choice of others"

    looked(Slow(), detector)


def test_an_error_ends_the_looks() -> None:
    class Broken(FakeScene):
        def read(self, window: Window) -> Pixels:
            raise BlockReadError(self.name, window, "broken on purpose")

    detector = Nothing()
    with pytest.raises(BlockReadError, match="broken on purpose"):
        looked(Row(), detector, Broken(np.zeros((1, SIZE, SIZE))))
    assert detector.seen == []
