"""What was found in a case, against its labels."""

from labelled import Case

from pdn_geo.evaluation import Evaluation, evaluate
from pdn_geo.products.result import Findings


def judge(findings: Findings, case: Case, least_score: float = 0.0) -> Evaluation:
    """least_score: detections below count for nothing."""
    detections = findings.detections
    return evaluate(
        detections[detections.score >= least_score],
        case.labels,
        scene=findings.grid,
        looks=[look.window for look in findings.looks],
        gsd_m=case.gsd_m,
        site=case.site,
    )
