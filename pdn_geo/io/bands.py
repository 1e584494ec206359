"""Which bands of a file to read, and what they show."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pdn_geo.errors import OptionError
from pdn_geo.io.header import Header

ROLES = ("red", "green", "blue", "nir", "swir")
"""Read in this order where they are known; near and short-wave infrared tell water from
hulls better than any visible band."""

_CMYK = ("cyan", "magenta", "yellow", "black")

# In order: the first that fits wins, so "red edge" and "coastal blue" are not red and blue.
_WORDS = [
    (role, re.compile(rf"\b(?:{words})\b"))
    for role, words in (
        ("coastal", "coastal|aerosol"),
        ("rededge", "red ?edge|vre"),
        ("swir", r"swir ?\d*|short ?wave ?infra ?red"),
        ("nir", r"nir ?\d*|near ?infra ?red"),
        ("pan", "pan|panchromatic"),
        ("red", "red"),
        ("green", "green"),
        ("blue", "blue"),
        ("gray", "gr[ae]y"),
    )
]

_NUMBERED = re.compile(r"(?:(?:sr|toa|boa) )?b(\d{1,2})(a?)\b")
_SENTINEL2 = {2: "blue", 3: "green", 4: "red", 8: "nir", 11: "swir", 12: "swir"}
_LANDSAT_8 = {2: "blue", 3: "green", 4: "red", 5: "nir", 6: "swir", 7: "swir"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BandChoice:
    """The bands to read and how they become the scene's bands.

    indexes: 1-based, in reading order. names: of the bands that come out, which are more
    than are read for a palette and fewer for CMYK. alpha: the band of opacity, if any.
    expand: "none", "palette" or "cmyk". reason: why these, for the user.
    """

    indexes: tuple[int, ...]
    names: tuple[str, ...]
    reason: str
    alpha: int | None = None
    expand: str = "none"


def choose_bands(header: Header, wanted: Sequence[int | str] | None = None) -> BandChoice:
    """The user's bands, else those of known roles, else the first three.

    `wanted` holds 1-based numbers, roles, or the file's own names, each of them with the
    role that the user gives it in front if need be ("nir=4"). A band of opacity is chosen
    only by asking for it; it then is data (a fourth band of an aerial camera is often
    marked as alpha by mistake). Raises OptionError for a band that is not there.
    """
    alpha = header.colour.index("alpha") + 1 if "alpha" in header.colour else None
    choice = _automatic(header) if wanted is None else _wanted(header, wanted)
    if header.palette is not None and choice.indexes == (1,):
        names = ("gray",) if header.has_gray_palette else ("red", "green", "blue")
        choice = replace(choice, names=names, expand="palette")
    return choice if alpha in choice.indexes else replace(choice, alpha=alpha)


def band_roles(header: Header) -> list[str]:
    """The role of each band, "" where unknown; each role at most once.

    A band's own name goes before its colour interpretation: writers mark the first three
    bands red, green and blue whatever they hold.
    """
    texts = [" ".join(re.split(r"[^a-z0-9]+", t.lower())).strip() for t in header.descriptions]
    found = _roles_of_names(texts)
    if not any(role in ROLES for role in found):
        meaningless = {"undefined", "alpha", "palette"}
        if header.count > 1 and "undefined" in header.colour:
            meaningless.add("gray")  # what TIFF says of a first band that is nothing else
        found = ["" if c in meaningless else c for c in header.colour]
    for role in filter(None, dict.fromkeys(found)):
        same = [i for i, other in enumerate(found) if other == role]
        for i in sorted(same, key=lambda i: texts[i] != role)[1:]:
            found[i] = ""
    return found


def _roles_of_names(texts: Sequence[str]) -> list[str]:
    codes = [_NUMBERED.match(text) for text in texts]
    table = _sensor(texts)
    has_band_8 = any(code and code[1].lstrip("0") == "8" and not code[2] for code in codes)
    roles = []
    for text, code in zip(texts, codes, strict=True):
        role = next((role for role, words in _WORDS if words.search(text)), "")
        if not role and code and not (code[2] and has_band_8):  # B8A stands in for B08
            role = table.get(int(code[1]), "")
        roles.append(role)
    return roles


def _sensor(texts: Sequence[str]) -> dict[int, str]:
    """What "B4" and the like mean in this file; empty where they may be mere numbers.

    Sentinel-2 and Landsat 8 agree on blue, green and red, and differ from there on.
    """
    numbers = {int(m[1]) for text in texts if (m := _NUMBERED.match(text))}
    padded = any(re.match(r"b0\d|b8a", text) for text in texts)
    landsat = any(re.match(r"sr b\d\b", text) for text in texts)
    if padded or (12 in numbers and not landsat):
        return _SENTINEL2
    if landsat:
        return _LANDSAT_8
    if 4 in numbers and (1 not in numbers or max(numbers) > 4):
        return _SENTINEL2 if 8 in numbers and 10 not in numbers else _LANDSAT_8
    return {}


def _automatic(header: Header) -> BandChoice:
    if set(_CMYK) <= set(header.colour):
        return BandChoice(
            indexes=tuple(header.colour.index(c) + 1 for c in _CMYK),
            names=("red", "green", "blue"),
            expand="cmyk",
            reason="CMYK turned into RGB",
        )
    data = [i for i in range(1, header.count + 1) if header.colour[i - 1] != "alpha"] or [1]
    roles = band_roles(header)
    if known := [roles.index(role) + 1 for role in ROLES if role in roles]:
        chosen, reason = known, "known by name or colour"
    elif header.palette is not None and data[0] == 1:
        chosen, reason = [1], "a palette"
    elif len(data) <= 3:
        chosen, reason = data, "all there are"
    else:
        chosen, reason = data[:3], f"the first three of {len(data)}, which the file does not name"
    return BandChoice(indexes=tuple(chosen), names=_names(header, roles, chosen), reason=reason)


def _names(header: Header, roles: Sequence[str], indexes: Sequence[int]) -> tuple[str, ...]:
    return tuple(roles[i - 1] or header.descriptions[i - 1].strip() or f"band {i}" for i in indexes)


def _wanted(header: Header, wanted: Sequence[int | str]) -> BandChoice:
    items = wanted.split(",") if isinstance(wanted, str) else [str(item) for item in wanted]
    if not items:
        raise OptionError("no band is named")
    roles = band_roles(header)
    indexes: list[int] = []
    given: set[str] = set()
    for item in items:
        role, _, which = item.rpartition("=")
        index = _find(header, roles, which.strip())
        if index in indexes:
            raise OptionError(f"band {index} is named twice in {', '.join(items)}")
        indexes.append(index)
        if role := role.strip().lower():
            if role in given:
                raise OptionError(f"the role {role} is given twice in {', '.join(items)}")
            given.add(role)
            roles = ["" if other == role else other for other in roles]
            roles[index - 1] = role
    return BandChoice(
        indexes=tuple(indexes), names=_names(header, roles, indexes), reason="as asked"
    )


def _find(header: Header, roles: Sequence[str], which: str) -> int:
    """The 1-based index of a band given as a number, a role or its name in the file."""
    if which.isdecimal():
        if 1 <= int(which) <= header.count:
            return int(which)
        raise OptionError(f"no band {which}: the scene has bands 1 to {header.count}")
    key = which.lower()
    if key and key in roles:
        return roles.index(key) + 1
    for i, text in enumerate(header.descriptions, start=1):
        first_word = re.split(r"[\s,;:(]", text.lower())[0]
        if text and (text.lower() == key or _unpadded(first_word) == _unpadded(key)):
            return i
    names = list(dict.fromkeys(n for n in (*roles, *header.descriptions) if n))[:12]
    hint = f", or {', '.join(names)}" if names else ""
    raise OptionError(f"no band named {which!r}: the scene has bands 1 to {header.count}{hint}")


def _unpadded(code: str) -> str:
    return re.sub(r"^b0", "b", code)
