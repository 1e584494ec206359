"""The provider: its name, its one setting, its one algorithm."""

# ruff: noqa: N802  # QGIS calls these names

from pathlib import Path

from processing.core.ProcessingConfig import ProcessingConfig, Setting
from qgis.core import QgsApplication, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .command import DEFAULT_COMMAND, SETTING
from .detect_boats import DetectBoats

NAME = "PDN-Geo"


class PdnGeoPlugin:
    """Registers the provider for as long as the plugin is switched on."""

    def __init__(self):
        self.provider = None

    def initProcessing(self):
        self.provider = PdnGeoProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self):
        self.initProcessing()

    def unload(self):
        QgsApplication.processingRegistry().removeProvider(self.provider)


class PdnGeoProvider(QgsProcessingProvider):
    """The group of the toolbox."""

    def id(self):
        return "pdn_geo"

    def name(self):
        return NAME

    def icon(self):
        return QIcon(str(Path(__file__).parent / "icon.svg"))

    def load(self):
        ProcessingConfig.settingIcons[NAME] = self.icon()
        words = "pdn-geo command (name or full path)"
        ProcessingConfig.addSetting(Setting(NAME, SETTING, words, DEFAULT_COMMAND))
        ProcessingConfig.readSettings()
        self.refreshAlgorithms()
        return True

    def unload(self):
        ProcessingConfig.removeSetting(SETTING)

    def loadAlgorithms(self):
        self.addAlgorithm(DetectBoats())
