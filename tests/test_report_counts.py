"""What the report counts: effort, cells seen, sectors, and percents in words."""

from pathlib import Path

import numpy as np
import pytest
from products_examples import UTM, findings, look, one_boat

from pdn_geo.detections import Detections
from pdn_geo.grid import PixelGrid
from pdn_geo.products import write_products
from pdn_geo.report import words
from pdn_geo.report.effort import effort_of
from pdn_geo.report.overview import Overview, seen
from pdn_geo.report.run import read_run
from pdn_geo.report.sectors import searched_by_sector
from pdn_geo.thumbnail import Picture


def test_effort_counts_boats_against_pixels(tmp_path: Path) -> None:
    looks = (look(0, 0, 0, 512), look(1, 600, 0, 512), look(2, 0, 600, 512), look(3, 600, 600, 512))
    boats = Detections.concatenate(
        [
            one_boat(look=0),
            one_boat(x=200, look=0),
            one_boat(x=700, look=1),
            one_boat(y=700, look=2),
        ]
    )
    run = findings(UTM, boats, looks=looks, expected_missed=1.0, searched_share=0.5)
    write_products(run, [tmp_path / "boats.gpkg"])
    effort = effort_of(read_run(tmp_path / "boats.gpkg", UTM), 2000 * 2000)
    share = 512**2 / 2000**2
    np.testing.assert_allclose(effort.spent, share * np.arange(5))
    np.testing.assert_allclose(effort.found, [0, 0.4, 0.6, 0.8, 0.8])
    np.testing.assert_allclose(effort.expected, 0.2 * np.arange(5))
    np.testing.assert_allclose(effort.even, 0.125 * np.arange(5))
    assert effort.half_at == 1


def test_cells_count_as_seen_where_a_look_holds_most_of_them() -> None:
    overview = Overview(
        picture=Picture(np.zeros((1, 1, 3), np.uint8), 8),
        valid=np.ones((3, 4), bool),
        stride=8,
        contrast=1.0,
    )
    looks = [look(0, 0, 0, 13), look(1, 21, 13, 8)]
    mask = seen(overview, looks, PixelGrid(height=21, width=29))
    assert mask.astype(int).tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]]


def test_sectors_are_shares_of_what_has_data() -> None:
    valid, searched = np.ones((6, 9), bool), np.zeros((6, 9), bool)
    valid[:2, :3] = False
    valid[2:4, 3:6] = [[True, True, True], [False, False, False]]
    searched[:4, 3:5] = True
    shares = searched_by_sector(valid, searched)
    expected = [[np.nan, 2 / 3, 0], [0, 2 / 3, 0], [0, 0, 0]]
    np.testing.assert_allclose(shares, expected)


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0 %"), (1e-5, "under 0.1 %"), (0.1234, "12.3 %"), (0.99999, "over 99.9 %"), (1, "100 %"),
     (float("nan"), "–")],
)  # fmt: skip
def test_percent_never_rounds_to_nothing_or_all(share: float, said: str) -> None:
    assert words.percent(share) == said
