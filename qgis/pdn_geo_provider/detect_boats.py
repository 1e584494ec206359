"""The algorithm "Detect boats": asks the pdn-geo command and loads what it wrote."""

# ruff: noqa: N802  # QGIS calls these names

from qgis.core import (
    QgsFeatureRequest,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingUtils,
    QgsVectorFileWriter,
)

from . import command

SCENE, AOI, PATCHES, THRESHOLD, OUTPUT = "SCENE", "AOI", "PATCHES", "THRESHOLD", "OUTPUT"
LAYERS = {
    "DETECTIONS": ("detections", "Boats"),
    "LOOKS": ("looks", "Looks, in order"),
    "UNSEARCHED": ("unsearched", "Not searched"),
}
"""Output to layer of the GeoPackage and title, the topmost first."""

HELP = """Finds boats in a raster of any size with the pdn-geo command: a coarse look at all of
it, close looks where boats may be.

Budget: how many patches of 512 x 512 px may be looked at; 0 leaves it to the scene.
Least score of a boat, 0 to 1; left empty, what suits the model.

Three layers are added: the boats, coloured by score; the looks, in order; and a veil over
what was not searched. The searched area is a fourth in the same GeoPackage."""


class DetectBoats(QgsProcessingAlgorithm):
    """Raster and options in, a GeoPackage and its layers out."""

    def createInstance(self):
        return DetectBoats()

    def name(self):
        return "detect_boats"

    def displayName(self):
        return "Detect boats"

    def shortHelpString(self):
        return HELP

    def tags(self):
        return ["ship", "vessel", "sea", "raster", "pdn-geo"]

    def initAlgorithm(self, config=None):
        number = QgsProcessingParameterNumber
        for parameter in (
            QgsProcessingParameterRasterLayer(SCENE, "Scene"),
            QgsProcessingParameterFeatureSource(
                AOI, "Search only inside", [QgsProcessing.TypeVectorPolygon], optional=True
            ),
            number(
                PATCHES, "Budget in patches of 512 px, 0: automatic", number.Double, 0, minValue=0
            ),
            number(THRESHOLD, "Least score", number.Double, optional=True, minValue=0, maxValue=1),
            QgsProcessingParameterFileDestination(OUTPUT, "Result", "GeoPackage (*.gpkg)"),
        ):
            self.addParameter(parameter)
        for output, (_, title) in LAYERS.items():
            self.addOutput(QgsProcessingOutputVectorLayer(output, title))

    def canExecute(self):
        try:
            command.find_command()
        except QgsProcessingException as error:
            return False, str(error)
        return True, ""

    def processAlgorithm(self, parameters, context, feedback):
        found = command.find_command()
        scene = self.parameterAsRasterLayer(parameters, SCENE, context)
        if scene is None or scene.dataProvider().name() != "gdal":
            raise QgsProcessingException("The scene must be a raster file that GDAL opens.")
        path = self.parameterAsFileOutput(parameters, OUTPUT, context)
        arguments = [found, "detect", scene.source(), "--out", path]
        if parameters.get(THRESHOLD) is not None:
            threshold = self.parameterAsDouble(parameters, THRESHOLD, context)
            arguments += ["--threshold", f"{threshold:g}"]
        if patches := self.parameterAsDouble(parameters, PATCHES, context):
            arguments += ["--patches", f"{patches:g}"]
        if source := self.parameterAsSource(parameters, AOI, context):
            arguments += ["--aoi", _written(source, context)]
        if not command.run(arguments, feedback):
            return {}
        uris = {output: f"{path}|layername={name}" for output, (name, _) in LAYERS.items()}
        _load(uris, context)
        return {OUTPUT: path, **uris}


def _written(source, context):
    """Features (the selected ones, if the user wants so) as a file of their own."""
    path = QgsProcessingUtils.generateTempFilename("aoi.gpkg")
    options = QgsVectorFileWriter.SaveVectorOptions()
    layer = source.materialize(QgsFeatureRequest())
    error, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(
        layer, path, context.transformContext(), options
    )
    if error != QgsVectorFileWriter.NoError:
        raise QgsProcessingException(f"The search area cannot be written: {message}")
    return path


def _load(uris, context):
    """Have the layers added to the project when the algorithm is done."""
    project = context.project()
    if project is None:
        return
    _Finish.alive = []
    order = []
    for rank, (output, uri) in enumerate(uris.items()):
        title = LAYERS[output][1]
        details = QgsProcessingContext.LayerDetails(title, project, output)
        details.forceName = True
        if hasattr(details, "layerSortKey"):  # QGIS 3.32 and later sort by themselves
            details.layerSortKey = -rank
            order = None
        _Finish.alive.append(_Finish(order))
        details.setPostProcessor(_Finish.alive[-1])
        context.addLayerToLoadOnCompletion(uri, details)


class _Finish(QgsProcessingLayerPostProcessorInterface):
    """Gives a loaded layer the style in its file, and its place below the one before.

    Processing loads layers without their styles. Older QGIS adds them by name, detections,
    looks, unsearched, each above the last. It wants an object for each layer, deletes it in
    the end, and forgets to keep its Python half, hence `alive`.
    """

    alive = ()

    def __init__(self, order):
        super().__init__()
        self.order = order

    def postProcessLayer(self, layer, context, feedback):
        layer.loadDefaultStyle()
        if self.order is None:
            return
        root = context.project().layerTreeRoot()
        node = root.findLayer(layer.id())
        above = root.findLayer(self.order[-1]) if self.order else None
        self.order.append(layer.id())
        if node is None or above is None:
            return
        group = above.parent()
        group.insertChildNode(group.children().index(above) + 1, node.clone())
        node.parent().removeChildNode(node)
