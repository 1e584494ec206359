"""Read units tile a scene and keep to its blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdn_geo.io import blocks

sizes = st.integers(1, 60)


@given(height=sizes, width=sizes, block_rows=sizes, block_cols=sizes, unit=st.integers(1, 900))
def test_units_cover_each_pixel_once(height, width, block_rows, block_cols, unit):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "READ_UNIT_PIXELS", unit)
        seen = np.zeros((height, width), dtype=int)
        for window in blocks.read_units(height, width, (block_rows, block_cols)):
            assert window.row_end <= height
            assert window.col_end <= width
            seen[window.slices] += 1
    assert (seen == 1).all()


@given(
    height=st.integers(1, 10**5),
    width=st.integers(1, 10**5),
    block=st.sampled_from([(1, None), (7, None), (256, 256), (512, 512)]),
)
def test_a_row_chunk_is_whole_blocks_of_a_few_megapixels(height, width, block):
    block_shape = (block[0], block[1] or width)
    rows = blocks.row_chunk(height, width, block_shape)
    assert rows == height or rows % block_shape[0] == 0
    assert rows * width <= max(blocks.READ_UNIT_PIXELS, min(block_shape[0], height) * width)


def test_a_strip_as_tall_as_the_scene_is_read_in_parts():
    assert blocks.row_chunk(50_000, 50_000, (50_000, 50_000)) < 100
