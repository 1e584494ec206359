"""What tests do inside QGIS: `python qgis_inside.py REQUEST.json ANSWER.json`.

The request names jobs: the function and its arguments. One start serves many.
"""

# ruff: noqa: N802  # QGIS calls these names

import json
import sys
import threading
import time
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor


def layers(geopackage, names):
    """The layers as a user gets them who drags the file into QGIS."""
    return {name: _described(_opened(geopackage, name)) for name in names}


def project(path, views):
    """What a project holds; each view is rendered to a PNG.

    views: PNG to bounds (xmin, ymin, xmax, ymax), size in px, layer names without the
    prefix "pdn_geo_", and whether there are labels.
    """
    opened = QgsProject.instance()
    assert opened.read(path), opened.error()
    tree = opened.layerTreeRoot()
    groups = [(g.name(), [n.layerId() for n in g.findLayers()]) for g in tree.findGroups()]
    extent = opened.viewSettings().defaultViewExtent()
    scales = {png: _rendered(opened, png, **view) for png, view in views.items()}
    return {
        "title": opened.title(),
        "crs": opened.crs().authid(),
        "crs_name": opened.crs().description(),
        "extent": _bounds(extent),
        "groups": groups,
        "order": [layer.id() for layer in tree.layerOrder()],
        "hidden": [n.layerId() for n in tree.findLayers() if not n.isVisible()],
        "layers": {
            layer.id(): {
                "valid": layer.isValid(),
                "crs": layer.crs().authid(),
                "bounds": _bounds(layer.extent()),
                "renderer": layer.renderer().type(),
            }
            for layer in opened.mapLayers().values()
        },
        "scales": scales,
    }


def draw(geopackage, png, bounds, size, names):
    """The layers of a GeoPackage on black, in their own CRS."""
    shown = [_opened(geopackage, name) for name in names]
    return _render(shown, shown[0].crs(), png, bounds, size)


def detect(plugins, command, parameters, cancel_after_s=None):
    """Run the algorithm as the toolbox does; what it returned, said and loaded."""
    sys.path[:0] = [plugins, "/usr/share/qgis/python/plugins"]
    from processing.core.Processing import Processing
    from processing.core.ProcessingConfig import ProcessingConfig
    from processing.gui.Postprocessing import handleAlgorithmResults

    Processing.initialize()
    import pdn_geo_provider

    plugin = pdn_geo_provider.classFactory(None)
    plugin.initGui()
    QgsProject.instance().clear()
    ProcessingConfig.setSettingValue("PDN_GEO_COMMAND", command)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("pdn_geo:detect_boats")
    heard = Feedback()
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    context.setFeedback(heard)
    if cancel_after_s is not None:
        threading.Timer(cancel_after_s, heard.cancel).start()
    answer = {"can_execute": algorithm.canExecute(), "error": ""}
    started = time.monotonic()
    try:
        results, ok = algorithm.run(parameters, context, heard, {}, False)
        answer.update(results=results, ok=ok)
    except QgsProcessingException as error:
        answer["error"] = str(error)
    answer["seconds"] = time.monotonic() - started
    handleAlgorithmResults(algorithm, context, QgsProcessingFeedback())
    order = QgsProject.instance().layerTreeRoot().layerOrder()
    answer.update(
        progress=heard.progress_seen,
        words=heard.words,
        loaded=[{"name": layer.name(), **_described(layer)} for layer in order],
    )
    plugin.unload()
    return answer


class Feedback(QgsProcessingFeedback):
    """Keeps what it is told."""

    def __init__(self):
        super().__init__(False)
        self.words, self.progress_seen = [], []
        self.progressChanged.connect(self.progress_seen.append)

    def pushInfo(self, info):
        self.words.append(info)


def _opened(geopackage, name):
    layer = QgsVectorLayer(f"{geopackage}|layername={name}", name, "ogr")
    assert layer.isValid(), name
    return layer


def _described(layer):
    renderer = layer.renderer()
    ranges = renderer.ranges() if renderer.type() == "graduatedSymbol" else []
    return {
        "crs": layer.crs().authid(),
        "features": layer.featureCount(),
        "renderer": renderer.type(),
        "classes": [(r.lowerValue(), r.upperValue(), r.label()) for r in ranges],
        "labels": layer.labelsEnabled(),
        "aliases": {field.name(): field.alias() for field in layer.fields()},
        "stored_style": layer.listStylesInDatabase()[2][:1],
        "map_tip": layer.mapTipTemplate(),
    }


def _rendered(opened, png, bounds, size, names, labels=True):
    shown = [opened.mapLayer(f"pdn_geo_{name}") for name in names]
    for layer in shown:
        if isinstance(layer, QgsVectorLayer):
            layer.setLabelsEnabled(labels and layer.labeling() is not None)
    return _render(shown, opened.crs(), png, bounds, size)


def _render(shown, crs, png, bounds, size):
    """Draw at 96 dpi; returns the scale's denominator."""
    settings = QgsMapSettings()
    settings.setLayers(shown)
    settings.setDestinationCrs(crs)
    settings.setOutputSize(QSize(*size))
    settings.setOutputDpi(96)
    settings.setExtent(QgsRectangle(*bounds))
    settings.setBackgroundColor(QColor(0, 0, 0))
    context = QgsExpressionContext()
    context.appendScopes(
        [
            QgsExpressionContextUtils.globalScope(),
            QgsExpressionContextUtils.mapSettingsScope(settings),
        ]
    )
    settings.setExpressionContext(context)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    assert not job.errors(), [error.message for error in job.errors()]
    assert job.renderedImage().save(png)
    return settings.scale()


def _bounds(extent):
    return [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()]


if __name__ == "__main__":
    application = QgsApplication([], False)
    application.initQgis()
    asked, answered = map(Path, sys.argv[1:])
    jobs = json.loads(asked.read_text())
    answers = {name: globals()[do](**arguments) for name, (do, arguments) in jobs.items()}
    answered.write_text(json.dumps(answers))
    application.exitQgis()
