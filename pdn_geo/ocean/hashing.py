"""Random numbers that follow from where they are wanted, without a table."""

import numpy as np
from numpy.typing import NDArray


def hashed_bytes(
    i: NDArray[np.float32], j: NDArray[np.float32], seed: int
) -> tuple[NDArray[np.uint8], ...]:
    """Four independent random bytes for each pair of whole numbers, in their shape.

    The finaliser of MurmurHash3 (Appleby 2011) over a linear mix of the two.
    """
    key = i.astype(np.int32).view(np.uint32) * np.uint32(0x9E3779B1)
    key ^= j.astype(np.int32).view(np.uint32) * np.uint32(0x85EBCA77)
    key += np.uint32((seed * 0x27D4EB2F + 0x165667B1) & 0xFFFFFFFF)
    key ^= key >> np.uint32(16)
    key *= np.uint32(0x85EBCA6B)
    key ^= key >> np.uint32(13)
    key *= np.uint32(0xC2B2AE35)
    key ^= key >> np.uint32(16)
    b = key.view(np.uint8).reshape(*i.shape, 4)
    return b[..., 0], b[..., 1], b[..., 2], b[..., 3]
