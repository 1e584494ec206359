"""An evaluation as lines of text."""

import math

from pdn_geo.evaluation.result import Evaluation


def format_table(evaluation: Evaluation) -> str:
    """Aligned text for a terminal: what was found, with 95 % intervals where they exist."""
    e, spans = evaluation, evaluation.intervals()
    unit = e.unit
    rows = [
        ("boats labelled", f"{e.labelled}"),
        ("found", f"{e.hits}"),
        ("false alarms", f"{e.false_alarms}"),
        ("left out", f"{e.ignored} detections, {e.doubtful} doubtful labels"),
        ("", ""),
        ("recall", _share(e.rates.recall, spans["recall"])),
        ("precision", _share(e.rates.precision, spans["precision"])),
        ("F1", _share(e.rates.f1, spans["f1"])),
        ("average precision", _share(e.rates.average_precision, spans["average_precision"])),
        ("average precision, IoU 0.5", _share(e.ap50)),
        ("boats looked at", _share(e.selection_recall)),
        ("", ""),
        ("false alarms per 100 Mpx", _number(e.alarms_per_100_mpx, f"of the {e.ground.basis}")),
        ("false alarms per 100 km2", _number(e.alarms_per_100_km2, f"of the {e.ground.basis}")),
        ("length error, median", _number(e.median_length_error, unit)),
        ("length bias, median", _number(e.median_length_bias, unit)),
        ("heading error, median", _number(e.median_heading_error_deg, "degrees")),
    ]
    for size in e.recall_by_size():
        low, high = size["from"], size["to"]
        span = f"{low:g} {unit} up" if math.isinf(high) else f"{low:g} - {high:g} {unit}"
        label = f"recall, {span}"
        rows.append((label, f"{_share(size['recall'])}  of {size['boats']}"))
    rule = f"a hit: centre within {e.tolerance:g} {unit} of the hull; scores from {e.threshold:g}"
    wide = max(len(label) for label, _ in rows)
    return "\n".join([*(f"{label:<{wide}}  {value}".rstrip() for label, value in rows), "", rule])


def _share(value: float, span: tuple[float, float] | None = None) -> str:
    if math.isnan(value):
        return "-"
    if span is None or math.isnan(span[0]):
        return f"{value:.3f}"
    return f"{value:.3f}  ({span[0]:.3f} - {span[1]:.3f})"


def _number(value: float, of: str) -> str:
    return "-" if math.isnan(value) else f"{value:.1f} {of}"
