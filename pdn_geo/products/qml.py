"""The few words of QML, the style language of QGIS, that our layers are drawn with.

Functions return elements of a style as QGIS 3.22 and later read it; what is left out has
QGIS's default. Colours are "#rrggbb" or "#rrggbbaa", sizes are millimetres on the map,
expressions are QGIS's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

_WORDS_BEFORE_XML = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_EXPRESSION = 3  # QgsProperty::ExpressionBasedProperty


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """Values from low to high, both included, their words in the legend, their symbol."""

    low: float
    high: float
    label: str
    symbol: Sequence[Element]


def document(
    *, parts: Sequence[Element], labelled: bool = False, aliases: Mapping[str, str]
) -> Element:
    """A style: renderer and labels in `parts`; aliases: field to the name that people see."""
    root = Element("qgis", version="3.22.0", styleCategories="Symbology|Labeling|Fields|MapTips")
    root.set("labelsEnabled", str(int(labelled)))
    root.extend(parts)
    names = SubElement(root, "aliases")
    for index, (field, alias) in enumerate(aliases.items(), start=1):  # 0 is the feature id
        SubElement(names, "alias", field=field, name=alias, index=str(index))
    return root


def to_text(root: Element) -> str:
    indent(root, " ")
    return _WORDS_BEFORE_XML + tostring(root, encoding="unicode") + "\n"


def map_tip(html: str) -> Element:
    """What a mouse over a feature shows."""
    return _with_text("mapTip", html)


def single(symbol: Sequence[Element]) -> Element:
    """All features alike."""
    renderer = Element("renderer-v2", type="singleSymbol")
    SubElement(renderer, "symbols").append(fill(symbol, name="0"))
    return renderer


def graduated(field: str, classes: Sequence[Class]) -> Element:
    """Features by the value of a field: the first class that has it. Drawn in the order of
    the field, the highest on top.
    """
    renderer = Element("renderer-v2", type="graduatedSymbol", attr=field, enableorderby="1")
    ranges, symbols = SubElement(renderer, "ranges"), SubElement(renderer, "symbols")
    for i, one in enumerate(classes):
        words = {"lower": repr(one.low), "upper": repr(one.high), "label": one.label}
        SubElement(ranges, "range", words, symbol=str(i), render="true")
        symbols.append(fill(one.symbol, name=str(i)))
    order = SubElement(renderer, "orderby")
    SubElement(order, "orderByClause", asc="1", nullsFirst="1").text = f'"{field}"'
    return renderer


def fill(layers: Sequence[Element], *, name: str) -> Element:
    return _symbol("fill", layers, name)


def outline(colour: str, width: float, *, shown_if: str | None = None) -> Element:
    """The edge of a polygon, nothing inside."""
    properties = {
        "style": "no",
        "outline_color": rgba(colour),
        "outline_style": "solid",
        "outline_width": f"{width:g}",
        "joinstyle": "miter",
    }
    return _layer("SimpleFill", properties, shown_if=shown_if)


def plain(colour: str) -> Element:
    """The inside of a polygon in one colour, no edge."""
    properties = {"style": "solid", "color": rgba(colour), "outline_style": "no"}
    return _layer("SimpleFill", properties)


def hatch(colour: str, width: float, *, distance: float) -> Element:
    """Lines from lower left to upper right through a polygon."""
    pattern = _layer("LinePatternFill", {"angle": "45", "distance": f"{distance:g}"})
    pattern.append(_symbol("line", [line(colour, width)], "@0@0"))
    return pattern


def line(colour: str, width: float) -> Element:
    properties = {"line_color": rgba(colour), "line_width": f"{width:g}", "capstyle": "round"}
    return _layer("SimpleLine", properties)


def line_along(geometry: str, lines: Sequence[Element], *, shown_if: str) -> Element:
    """Lines where an expression makes a line of the feature."""
    properties = {"geometryModifier": geometry, "SymbolType": "Line", "units": "MapUnit"}
    layer = _layer("GeometryGenerator", properties, shown_if=shown_if)
    layer.append(_symbol("line", lines, "@0@0"))
    return layer


def ring(colour: str, width: float, *, size: float, shown_if: str) -> Element:
    """A circle round the middle of a polygon."""
    properties = {
        "name": "circle",
        "color": "0,0,0,0",
        "outline_color": rgba(colour),
        "outline_width": f"{width:g}",
        "size": f"{size:g}",
    }
    layer = _layer("CentroidFill", {"point_on_surface": "0"}, shown_if=shown_if)
    layer.append(_symbol("marker", [_layer("SimpleMarker", properties)], "@0@0"))
    return layer


def labels(
    text: str,
    *,
    colour: str,
    halo: str,
    size_pt: float,
    shown_if: str,
    placement: Mapping[str, str],
    overlapping: bool = False,
) -> Element:
    """One label a feature, with a halo. placement: attributes as QGIS has them.

    overlapping: labels are drawn over other features and each other rather than left out.
    """
    labeling = Element("labeling", type="simple")
    settings = SubElement(labeling, "settings")
    style = {
        "fieldName": text,
        "isExpression": "1",
        "fontFamily": "Open Sans",
        "fontSize": f"{size_pt:g}",
        "fontSizeUnit": "Point",
        "fontWeight": "63",  # demi-bold
        "textColor": rgba(colour),
    }
    text_style = SubElement(settings, "text-style", style)
    families = SubElement(text_style, "families")
    for family in ("Open Sans", "DejaVu Sans", "Arial", "Helvetica"):
        SubElement(families, "family", name=family)
    buffer = {"bufferDraw": "1", "bufferSize": "0.7", "bufferSizeUnits": "MM"}
    SubElement(text_style, "text-buffer", buffer, bufferColor=rgba(halo), bufferOpacity="0.75")
    SubElement(settings, "text-format", multilineAlign="0")
    SubElement(settings, "placement", dict(placement))
    collisions = {"displayAll": str(int(overlapping)), "obstacle": str(int(not overlapping))}
    SubElement(settings, "rendering", collisions)
    SubElement(settings, "dd_properties").append(_data_defined({"Show": shown_if}))
    return labeling


def rgba(colour: str) -> str:
    """As QGIS writes a colour: red,green,blue,alpha from #rrggbb or #rrggbbaa."""
    channels = [int(colour[i : i + 2], 16) for i in range(1, len(colour), 2)]
    return ",".join(str(value) for value in (*channels, 255)[:4])


def _symbol(kind: str, layers: Sequence[Element], name: str) -> Element:
    symbol = Element("symbol", type=kind, name=name, alpha="1", clip_to_extent="1")
    symbol.extend(layers)
    return symbol


def _layer(kind: str, properties: Mapping[str, str], *, shown_if: str | None = None) -> Element:
    layer = Element("layer", {"class": kind}, enabled="1", locked="0")
    layer.set("pass", "0")
    layer.append(_map(properties))
    if shown_if is not None:
        SubElement(layer, "data_defined_properties").append(_data_defined({"enabled": shown_if}))
    return layer


def _data_defined(expressions: Mapping[str, str]) -> Element:
    root = _map({"name": "", "type": "collection"})
    properties = SubElement(root, "Option", name="properties", type="Map")
    for name, expression in expressions.items():
        one = SubElement(properties, "Option", name=name, type="Map")
        SubElement(one, "Option", name="active", value="true", type="bool")
        SubElement(one, "Option", name="expression", value=expression, type="QString")
        SubElement(one, "Option", name="type", value=str(_EXPRESSION), type="int")
    return root


def _map(values: Mapping[str, str]) -> Element:
    root = Element("Option", type="Map")
    for name, value in values.items():
        SubElement(root, "Option", name=name, value=value, type="QString")
    return root


def _with_text(tag: str, text: str) -> Element:
    element = Element(tag)
    element.text = text
    return element
