"""What the looks brought: boats found against pixels read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.products.furniture import nice_length
from pdn_geo.report import words
from pdn_geo.report.run import Run

_WIDTH, _HEIGHT = 620, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 16, 14, 46


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """After 0, 1, 2 ... looks, (looks + 1,) each.

    spent: share of the scene's pixels that were read at full resolution, an overlap twice.
    found: share of all boats, those expected outside the looks included, that were found.
    expected: what the coarse view expected of the same looks, scaled to end where `found`
    does. even: share of the boats that the same effort, spread evenly, would have met.
    missed_known: whether the boats outside the looks are in `found`'s whole.
    """

    spent: NDArray[np.float64]
    found: NDArray[np.float64]
    expected: NDArray[np.float64]
    even: NDArray[np.float64]
    missed_known: bool

    @property
    def half_at(self) -> int:
        """Looks after which half of what was found had been found."""
        return int(np.argmax(self.found >= self.found[-1] / 2))


def effort_of(run: Run, scene_pixels: int) -> Effort | None:
    """None where no boat came from any look."""
    boats = int(run.found.sum())
    if boats == 0:
        return None
    missed = run.number("expected_missed")
    found = _cumulated(run.found) / (boats + np.nan_to_num(missed))
    expected = _cumulated(np.array([look.expected_boats for look in run.looks]))
    spent = _cumulated(np.array([look.window.area for look in run.looks])) / scene_pixels
    searched = run.number("searched_share")
    even = spent / spent[-1] * (spent[-1] if np.isnan(searched) else searched)
    return Effort(
        spent=spent,
        found=found,
        expected=expected * found[-1] / max(expected[-1], 1e-9),
        even=even.clip(0, 1),
        missed_known=bool(np.isfinite(missed)),
    )


def _cumulated(values: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])


def draw_effort(effort: Effort) -> str:
    """The curve as SVG; its words are in the page."""
    end = float(effort.spent[-1])

    def x(share: float) -> float:
        return _LEFT + share / end * (_WIDTH - _LEFT - _RIGHT)

    def y(share: float) -> float:
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    def line(kind: str, shares: NDArray[np.float64]) -> str:
        points = " ".join(
            f"{x(a):.1f},{y(b):.1f}" for a, b in zip(effort.spent, shares, strict=True)
        )
        return f'<polyline class="{kind}" points="{points}"/>'

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="effort-said">']
    for share in (0, 0.25, 0.5, 0.75, 1):
        parts.append(f'<path class="rule" d="M{_LEFT} {y(share):.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(
            f'<text class="end" x="{_LEFT - 8}" y="{y(share) + 4:.1f}">{100 * share:.0f} %</text>'
        )
    step = nice_length(end / 3)
    for i in range(int(end / step * (1 + 1e-9)) + 1):
        parts.append(
            f'<text class="mid" x="{x(i * step):.1f}" y="{_HEIGHT - _BOTTOM + 20}">'
            f"{100 * i * step:g} %</text>"
        )
    parts.append(
        f'<text class="mid" x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 6}">'
        "pixels read at full resolution, share of the scene, overlaps twice</text>"
    )
    parts += [line("even", effort.even), line("expected", effort.expected)]
    parts.append(line("found", effort.found))
    half = effort.half_at
    parts.append(
        f'<circle class="half" cx="{x(effort.spent[half]):.1f}" '
        f'cy="{y(effort.found[half]):.1f}" r="4.5"/></svg>'
    )
    return "".join(parts)


def say_effort(effort: Effort) -> str:
    """The curve in a sentence or two."""
    half, looks = effort.half_at, len(effort.spent) - 1
    first = "first look" if half == 1 else f"first {half:,} looks"
    said = (
        f"Half of the boats were found in the {first} of {looks:,}, "
        f"for {words.percent(effort.spent[half])} of the pixels."
    )
    if effort.missed_known:
        said += (
            f" All {looks:,} took {words.percent(effort.spent[-1])} and met "
            f"{words.percent(effort.found[-1])} of the boats, going by those expected outside them."
        )
    return said
