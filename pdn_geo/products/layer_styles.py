"""Styles inside a GeoPackage, in the table that QGIS takes a layer's default from."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

_DATE = "2000-01-01T00:00:00.000Z"
"""As for the layers: the same result is the same bytes."""

_TABLE = f"""
CREATE TABLE "layer_styles" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  "f_table_catalog" TEXT(256), "f_table_schema" TEXT(256), "f_table_name" TEXT(256),
  "f_geometry_column" TEXT(256), "styleName" TEXT(30), "styleQML" TEXT, "styleSLD" TEXT,
  "useAsDefault" BOOLEAN, "description" TEXT, "owner" TEXT(30), "ui" TEXT(30),
  "update_time" DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)
  VALUES ('layer_styles', 'attributes', 'layer_styles', '', '{_DATE}', 0);
INSERT INTO gpkg_ogr_contents (table_name, feature_count) VALUES ('layer_styles', 0);
CREATE TRIGGER "trigger_insert_feature_count_layer_styles" AFTER INSERT ON "layer_styles"
  BEGIN UPDATE gpkg_ogr_contents SET feature_count = feature_count + 1
  WHERE lower(table_name) = lower('layer_styles'); END;
CREATE TRIGGER "trigger_delete_feature_count_layer_styles" AFTER DELETE ON "layer_styles"
  BEGIN UPDATE gpkg_ogr_contents SET feature_count = feature_count - 1
  WHERE lower(table_name) = lower('layer_styles'); END;
"""
"""To the letter what QGIS and GDAL write when a user saves a style in the file."""

_ROW = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
  styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time)
  SELECT '', '', table_name, column_name, 'pdn-geo', :qml, '', 1, :description, '', :date
  FROM gpkg_geometry_columns WHERE table_name = :layer
"""


def write_layer_styles(path: Path, styles: Mapping[str, tuple[str, str]]) -> None:
    """Add default styles to a GeoPackage that GDAL wrote and that has none yet.

    styles: layer to its QML and a description. OSError on failure.
    """
    try:
        with closing(sqlite3.connect(path)) as database:
            database.executescript(f"BEGIN;{_TABLE}COMMIT;")
            with database:
                for layer, (qml, description) in styles.items():
                    values = {"layer": layer, "qml": qml, "description": description}
                    database.execute(_ROW, {**values, "date": _DATE})
    except sqlite3.Error as error:
        raise OSError(str(error)) from error
