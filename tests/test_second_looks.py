"""Second, wider looks at boats that no look saw whole."""

import numpy as np

from pdn_geo.detections import Detections
from pdn_geo.drive.allowance import RESERVE
from pdn_geo.drive.budget import Budget
from pdn_geo.drive.greedy import GreedyDrive
from pdn_geo.drive.second_looks import second_windows
from pdn_geo.geometry import Window
from pdn_geo.saliency import SaliencyMap

SHAPE = (2048, 4096)


def boats(*rows: tuple[float, float, float, bool]) -> Detections:
    """x, y, length, cut of ships that lie along x, the surest first."""
    x, y, length, cut = (np.array(column) for column in zip(*rows, strict=True))
    ones = np.ones(len(rows))
    return Detections(
        x=x.astype(float),
        y=y.astype(float),
        length=length.astype(float),
        width=10 * ones,
        angle=0 * ones,
        score=0.9 - 0.1 * np.arange(len(rows)),
        wake=0 * ones,
        bow_known=ones > 0,
        cut=cut.astype(bool),
        look=np.zeros(len(rows), np.int32),
    )


def test_window_has_room_for_the_rest_of_a_cut_hull() -> None:
    (window,) = second_windows(boats((1000, 700, 90, True)), SHAPE)
    assert (window.width, window.height) == (256, 256)
    assert window.contains([1000 - 120, 1000 + 120], [700, 700]).all()


def test_whole_hulls_and_those_at_the_edge_of_the_scene_get_none() -> None:
    assert second_windows(boats((1000, 700, 90, False), (40, 700, 90, True)), SHAPE) == []


def test_one_window_for_pieces_that_it_shows_together() -> None:
    windows = second_windows(boats((1000, 700, 90, True), (1080, 700, 60, True)), SHAPE)
    assert len(windows) == 1


def test_windows_stay_in_the_scene_and_within_512_px() -> None:
    (window,) = second_windows(boats((3900, 120, 380, True)), SHAPE)
    assert (window.width, window.height) == (512, 512)
    assert window.row_off == 0
    assert window.col_end == 4096


def test_drive_keeps_a_share_of_the_budget_for_them() -> None:
    cells = (SHAPE[0] // 8, SHAPE[1] // 8)
    saliency = SaliencyMap(
        stride=8,
        expected_boats=np.random.default_rng(0).random(cells, np.float32),
        water=np.ones(cells, np.float16),
        searchable=np.ones(cells, np.bool_),
        reason=np.zeros(cells, np.uint8),
        reasons=("sweep",),
    )
    drive = GreedyDrive(saliency, SHAPE, Budget(patches=10))
    given = 0
    while looks := drive.next_looks(8):
        drive.update(looks, [np.zeros(0)] * len(looks))
        given += len(looks)
    assert drive.spent <= (1 - RESERVE) * 10
    small = Window(col_off=64, row_off=64, width=128, height=128)
    large = Window(col_off=512, row_off=512, width=512, height=512)
    again = drive.look_again([large, small], "why")
    assert [(look.window, look.reason) for look in again] == [(small, "why")]
    assert again[0].order == given
    assert drive.spent <= 10
