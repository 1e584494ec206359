"""What users take away: georeferenced tables, files and a picture."""

from pdn_geo.products.account import account
from pdn_geo.products.georeference import georeference
from pdn_geo.products.preview import draw_preview, save_preview
from pdn_geo.products.result import Findings
from pdn_geo.products.searched_area import looks_table, searched_area_table
from pdn_geo.products.write import check_output_paths, write_products

__all__ = [
    "Findings",
    "account",
    "check_output_paths",
    "draw_preview",
    "georeference",
    "looks_table",
    "save_preview",
    "searched_area_table",
    "write_products",
]
