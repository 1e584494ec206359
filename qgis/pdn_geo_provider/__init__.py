"""QGIS plugin: "Detect boats" in the Processing toolbox, done by the pdn-geo command."""

# ruff: noqa: N802  # QGIS calls these names


def classFactory(iface):
    """What QGIS asks a plugin for."""
    from .provider import PdnGeoPlugin

    return PdnGeoPlugin()
