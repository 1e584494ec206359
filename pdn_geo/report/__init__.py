"""One page that shows a run: the scene, where it was looked at, every boat, what is missing."""

from pdn_geo.report.write import write_report

__all__ = ["write_report"]
