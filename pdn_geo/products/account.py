"""The account of a run that goes into every file: what was searched, how surely."""

import math

from pdn_geo.products.result import Findings


def account(findings: Findings) -> dict[str, object]:
    """Plain values for a file's metadata; None where unknown. Notes are a line each."""
    from pdn_geo import __version__

    return {
        "pdn_geo_version": __version__,
        "scene": findings.scene,
        "model": findings.model,
        "threshold": known(findings.threshold, 4),
        "boats": len(findings.detections),
        "looks": len(findings.looks),
        "patches": round(findings.patches, 4),
        "searched_share": known(findings.searched_share, 6),
        "expected_missed": known(findings.expected_missed, 4),
        "missed_at_most": known(findings.missed_at_most, 0),
        "georeferencing": findings.georeferencing,
        "assumed_gsd_m": findings.grid.assumed_gsd_m,
        "notes": "\n".join(findings.notes),
    }


def known(value: float, decimals: int) -> float | None:
    """Rounded, or None where it is not a finite number."""
    return round(float(value), decimals) if math.isfinite(value) else None
