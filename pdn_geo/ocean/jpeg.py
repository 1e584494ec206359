"""What JPEG compression leaves of a picture: blocks, ringing, coarse colour."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

_SIDE = 8
MCU = 16  # pixels a side of the units that colour is coded in, at half resolution
# ITU-T T.81 (1992), annex K, tables K.1 and K.2
_LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56], [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)  # fmt: skip
_CHROMA = np.full((8, 8), 99)
_CHROMA[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
# ITU-R BT.601, as JFIF has it
_TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)
_TO_RGB = np.linalg.inv(_TO_YCC).astype(np.float32)


def quantisation(quality: int) -> tuple[Image, Image]:
    """Steps of brightness and of colour, (8, 8), scaled as the IJG library does."""
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    luma, chroma = (
        np.clip(np.floor((table * scale + 50) / 100), 1, 255).astype(np.float32)
        for table in (_LUMA, _CHROMA)
    )
    return luma, chroma


def compressed(values: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """(bands, rows, cols) after coding and decoding; rows and cols multiples of 16.

    The first three bands are coded as colours with halved chroma, a fourth as brightness.
    """
    luma, chroma = quantisation(quality)
    colours = values[:3].astype(np.float32)
    y, cb, cr = np.tensordot(_TO_YCC, colours, axes=1)
    rows, cols = y.shape
    halved = [c.reshape(rows // 2, 2, cols // 2, 2).mean(axis=(1, 3)) for c in (cb, cr)]
    coded = [_coded(y - 128, luma) + 128]
    coded += [np.repeat(np.repeat(_coded(c, chroma), 2, axis=0), 2, axis=1) for c in halved]
    out = values.copy()
    out[:3] = _bytes(np.tensordot(_TO_RGB, np.stack(coded), axes=1))
    if len(values) > 3:
        out[3] = _bytes(_coded(values[3].astype(np.float32) - 128, luma) + 128)
    return out


def _coded(image: Image, steps: Image) -> Image:
    """An image (rows, cols) with the cosine transform of its blocks rounded to `steps`."""
    rows, cols = image.shape
    blocks = image.reshape(rows // _SIDE, _SIDE, cols // _SIDE, _SIDE).transpose(0, 2, 1, 3)
    coefficients = np.matmul(np.matmul(_COSINES, blocks), _COSINES.T)
    coefficients = np.rint(coefficients / steps) * steps
    decoded = np.matmul(np.matmul(_COSINES.T, coefficients), _COSINES)
    return decoded.transpose(0, 2, 1, 3).reshape(rows, cols)


def _bytes(image: Image) -> NDArray[np.uint8]:
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _cosines() -> Image:
    """The orthonormal DCT-II, (8, 8)."""
    k = np.arange(_SIDE)
    out = np.cos(np.pi * (2 * k[None, :] + 1) * k[:, None] / (2 * _SIDE)) * np.sqrt(2 / _SIDE)
    out[0] /= np.sqrt(2)
    return out.astype(np.float32)


_COSINES = _cosines()
