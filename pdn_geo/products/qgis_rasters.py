"""How QGIS draws the scene and its saliency in a project."""

from xml.etree.ElementTree import Element, SubElement

import numpy as np
from numpy.typing import NDArray

from pdn_geo.errors import BlockReadError
from pdn_geo.geometry import Window
from pdn_geo.io import RasterScene
from pdn_geo.scene import colour_bands

_SAMPLES_A_SIDE = 8
_SAMPLE_PX = 64
_PERCENTILES = 1.0, 50.0, 99.9
"""Black, the middle, and white."""
_MIDDLE = 0.22
"""How bright, 0-1, gamma makes the middle: a sea dark enough for boats to stand out."""
_MOST_GAMMA = 2.0
_SALIENCY = {
    0.0: "#3b0f7000",
    0.1: "#8c298180",
    0.4: "#de4968c0",
    0.7: "#fe9f6de0",
    1.0: "#fcfdbfff",
}
"""Share of the largest value to its colour."""


def sample(raster: RasterScene) -> NDArray[np.float32]:
    """Pixels from an even grid of windows, (bands, N), NaN where not valid or readable."""
    width, height = raster.grid.width, raster.grid.height
    cols, rows = min(_SAMPLE_PX, width), min(_SAMPLE_PX, height)
    parts = [np.empty((len(raster.band_names), 0), np.float32)]
    for row in np.linspace(0, height - rows, _SAMPLES_A_SIDE).astype(int):
        for col in np.linspace(0, width - cols, _SAMPLES_A_SIDE).astype(int):
            window = Window(col_off=int(col), row_off=int(row), width=cols, height=rows)
            try:
                pixels = raster.read(window)
            except BlockReadError:
                continue
            values = np.where(pixels.valid, pixels.values, np.nan)
            parts.append(values.reshape(len(values), -1))
    return np.concatenate(parts, axis=1)


def scene_style(raster: RasterScene) -> Element | None:
    """Red, green and blue or what stands for them, or the first band, stretched alike, which
    keeps the sea's hue.

    None, which leaves it to QGIS, for palettes and the like, for scaled values (QGIS
    stretches what the scale gives) and where no pixel is valid.
    """
    is_plain = raster.choice.expand == "none" and not raster.header.has_scales
    if not is_plain or raster.dtype.startswith("complex"):
        return None
    picked = colour_bands(raster.band_names)[: 3 if len(raster.band_names) >= 3 else 1]
    shown = [raster.choice.indexes[band] for band in picked]
    values = sample(raster)[picked]
    if not np.isfinite(values).any():
        return None
    low, middle, high = np.nanpercentile(values, _PERCENTILES)
    renderer = Element("rasterrenderer", opacity="1", alphaBand=str(raster.choice.alpha or -1))
    if len(shown) == 3:
        renderer.set("type", "multibandcolor")
        for colour, band in zip(("red", "green", "blue"), shown, strict=True):
            renderer.set(f"{colour}Band", str(band))
            _stretch(renderer, f"{colour}ContrastEnhancement", low, high)
    else:
        renderer.set("type", "singlebandgray")
        renderer.set("grayBand", str(shown[0]))
        renderer.set("gradient", "BlackToWhite")
        _stretch(renderer, "contrastEnhancement", low, high)
    share = (middle - low) / max(high - low, 1e-9)
    gamma = np.log(np.clip(share, 1e-3, _MIDDLE)) / np.log(_MIDDLE)
    return _style(renderer, gamma=min(float(gamma), _MOST_GAMMA))


def saliency_style(raster: RasterScene) -> Element:
    """Expected boats in a cell, from 0, which is clear, to the most, which is bright."""
    values = sample(raster)[0]
    most = float(np.max(values, initial=0.0, where=np.isfinite(values))) or 1.0
    renderer = Element("rasterrenderer", type="singlebandpseudocolor", band="1", alphaBand="-1")
    renderer.set("opacity", "1")
    limits = {"minimumValue": "0", "maximumValue": repr(most)}
    shader = SubElement(renderer, "rastershader")
    ramp = SubElement(shader, "colorrampshader", limits, colorRampType="INTERPOLATED")
    for share, colour in _SALIENCY.items():
        words = {"color": colour[:7], "alpha": str(int(colour[7:], 16))}
        SubElement(ramp, "item", words, value=repr(share * most), label=f"{share * most:.2g}")
    return _style(renderer, gamma=1.0)


def _stretch(renderer: Element, tag: str, low: float, high: float) -> None:
    enhancement = SubElement(renderer, tag)
    SubElement(enhancement, "minValue").text = repr(float(low))
    SubElement(enhancement, "maxValue").text = repr(float(high))
    SubElement(enhancement, "algorithm").text = "StretchToMinimumMaximum"


def _style(renderer: Element, *, gamma: float) -> Element:
    style = Element("qgis")
    pipe = SubElement(style, "pipe")
    pipe.append(renderer)
    SubElement(pipe, "brightnesscontrast", brightness="0", contrast="0", gamma=f"{gamma:g}")
    SubElement(pipe, "rasterresampler", zoomedOutResampler="bilinear", maxOversampling="2")
    return style
