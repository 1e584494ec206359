"""What `speed.py` has measured, and the Markdown made from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from speed_rivals import DECODE, OVERVIEWS, PDN, RIVALS, SAHI, effort
from speed_scenes import DEFLATE, SIDES, SMALL, WHOLE, SpeedScene

DECODES, PLUS_S = 2.5, 2.0
OVERVIEWS_S = 3.0
SAHI_TIMES, SAHI_RECALL = 20, 0.01
PEAK_MB = 1200
LARGEST, PER_PIXEL = "100K", 1.3

HEADER = """\
# Speed

Written by `{command}`, never by hand. {machine}; {versions}.

- A sea simulated at 1 m, wind 3 m/s, 40 boats on 10240 x 10240 px, three bands of 8 bits; *2.5K*
  is another, of 2560 px with 10 boats. Scenes above 10K are VRT mosaics that repeat the 10K
  scene and its boats. All files lie in the system's cache.
- Medians of {rounds} on the 10K tiled deflate scenes, the others were run once; ratios are formed
  within a round and then their median taken. In a round every rival runs once on every scene.
  Every run is a process of its own, the start of Python and the writing of results in its time;
  *peak* is its resident memory as the kernel saw it.
- **decode**: all pixels of the file once through GDAL, a thread a core. Its time leaves the start
  of Python out: the stricter yardstick for all others, which are given *in decodes* of their
  own file.
- **pdn-geo**: `pdn-geo detect scene --out boats.gpkg`, default settings but for the options named.
- **SAHI**: its own package around the same network and threshold; slices of {slice} px with
  {overlap:g} % overlap, merged as it does by default. In its favour: the whole scene is decoded
  by GDAL, the network runs on all cores inside, there is no extra pass over the whole scene at
  once, and what the network takes from our survey (spread of the sea, where there is water) is
  given to it outside its time. Not given is how many boats the saliency map expects where, which
  bears on the score: SAHI has no such map, and each place counts as if one boat per million pixels
  were expected there. Its start, some seconds where torch is installed, is in. It holds
  the scene in memory (30 GB at 100K), and its time, like that of exhaustive tiling, grows with
  the pixels: both run up to 10K, and on files without overviews, which neither reads.
- **ViT**: the scene shrunk to {vit_px} x {vit_px} px through timm's {vit} with random weights.
  Only its time and memory count: it finds nothing, and a boat of 15 m in a 10K scene is 1.5 px
  long on such a picture.
- *Read*: pixels decoded, *analysed*: pixels given to a network, both in those of the scene.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One process. told: what it printed."""

    seconds: float
    peak_mb: float
    told: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Against the truth; per_100_mpx: false alarms."""

    recall: float
    false_alarms: int
    per_100_mpx: float


@dataclass(frozen=True, slots=True)
class Results:
    """By scene and rival: a Run for each round, what was found, and why there is neither."""

    runs: dict[tuple[SpeedScene, str], list[Run]] = field(default_factory=dict)
    found: dict[tuple[SpeedScene, str], Found] = field(default_factory=dict)
    failed: dict[tuple[SpeedScene, str], str] = field(default_factory=dict)

    def scenes(self, *sides: str) -> Iterator[SpeedScene]:
        """Those measured, in order; of these sides, if any are given."""
        for scene in dict.fromkeys(scene for scene, _ in self.runs):
            if not sides or scene.side in sides:
                yield scene

    def scene(self, side: str, *, overviews: bool = False) -> SpeedScene:
        """The tiled deflate one of a side; KeyError if it was not measured."""
        for scene in self.scenes(side):
            if scene.layout == DEFLATE and scene.overviews == overviews:
                return scene
        raise KeyError(side)

    def seconds(self, scene: SpeedScene, rival: str) -> float:
        return median(run.seconds for run in self.runs[scene, rival])

    def peak_mb(self, scene: SpeedScene, rival: str) -> float:
        return median(run.peak_mb for run in self.runs[scene, rival])

    def ratio(self, one: tuple[SpeedScene, str], other: tuple[SpeedScene, str]) -> float:
        """Time of one over that of the other, round by round."""
        pairs = zip(self.runs[one], self.runs[other], strict=False)  # large scenes run once
        return median(a.seconds / b.seconds for a, b in pairs)

    def per_pixel(self, one: tuple[SpeedScene, str], other: tuple[SpeedScene, str]) -> float:
        """The same of times per pixel."""
        return self.ratio(one, other) * (other[0].size / one[0].size) ** 2


def report(results: Results, **facts: Any) -> str:
    """All of it as Markdown. facts: what HEADER asks for."""
    parts = [HEADER.format(**facts)]
    for title, section in (
        ("What is promised", _promises),
        ("Is it worth choosing where to look?", _rivals),
        ("Does it matter how the file is laid out?", _layouts),
        ("What does a larger scene cost?", _sizes),
        ("What do the rivals take elsewhere?", _elsewhere),
    ):
        if text := section(results):
            parts.append(f"## {title}\n\n{text}\n")
    if results.failed:
        lines = (f"- {who} on {scene.name}: {why}" for (scene, who), why in results.failed.items())
        parts.append("## Not measured\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _promises(results: Results) -> str:
    decodes = f"10K, tiled deflate: at most {DECODES:g} decodes + {PLUS_S:g} s"
    overviews = f"10K with overviews, `--anchor overviews`: at most {OVERVIEWS_S:g} s"
    sahi = (
        f"10K: {SAHI_TIMES} times as fast as SAHI, recall within {SAHI_RECALL * 100:g} point, "
        "fewer false alarms"
    )
    peak = f"10K to {LARGEST}: peak memory at most {PEAK_MB / 1000:g} GB"
    per_pixel = f"{LARGEST}: at most {PER_PIXEL:g} times the time per pixel at 10K"
    rows = []
    for promise, judge in (
        (decodes, _within_decodes),
        (overviews, _by_overviews),
        (sahi, _beats_sahi),
        (peak, _peak),
        (per_pixel, _per_pixel),
    ):
        try:
            measured, reached = judge(results)
        except KeyError:
            rows.append([promise, "", "not measured"])
        else:
            rows.append([promise, measured, "reached" if reached else "**not reached**"])
    return _table(["promise", "measured", ""], rows)


def _within_decodes(results: Results) -> tuple[str, bool]:
    scene = results.scene(WHOLE)
    seconds, decode = (results.seconds(scene, rival) for rival in (PDN, DECODE))
    limit = DECODES * decode + PLUS_S
    return f"{seconds:.2f} s of {limit:.2f} s; a decode takes {decode:.2f} s", seconds <= limit


def _by_overviews(results: Results) -> tuple[str, bool]:
    seconds = results.seconds(results.scene(WHOLE, overviews=True), OVERVIEWS)
    return f"{seconds:.2f} s", seconds <= OVERVIEWS_S


def _beats_sahi(results: Results) -> tuple[str, bool]:
    scene = results.scene(WHOLE)
    times = results.ratio((scene, SAHI), (scene, PDN))
    ours, theirs = results.found[scene, PDN], results.found[scene, SAHI]
    measured = (
        f"{times:.1f} times as fast, recall {ours.recall:.3f} against {theirs.recall:.3f}, "
        f"{ours.false_alarms} false alarms against {theirs.false_alarms}"
    )
    # recalls are fractions of a few boats: rounding must not decide
    near = ours.recall >= theirs.recall - SAHI_RECALL - 1e-9
    return measured, times >= SAHI_TIMES and near and ours.false_alarms < theirs.false_alarms


def _peak(results: Results) -> tuple[str, bool]:
    sides = list(SIDES)[list(SIDES).index(WHOLE) :]
    scenes = [scene for scene in results.scenes(*sides) if (scene, PDN) in results.found]
    measured = [side for side in sides if any(scene.side == side for scene in scenes)]
    if not {WHOLE, LARGEST} <= set(measured):
        raise KeyError("a peak at both ends")
    peak = max(results.peak_mb(scene, PDN) for scene in scenes)
    return f"{peak:.0f} MB ({', '.join(measured)})", peak <= PEAK_MB


def _per_pixel(results: Results) -> tuple[str, bool]:
    largest, whole = results.scene(LARGEST), results.scene(WHOLE)
    times = results.per_pixel((largest, PDN), (whole, PDN))
    return f"{times:.2f} times", times <= PER_PIXEL


def _rivals(results: Results) -> str:
    rows, sentences = [], []
    for scene in filter(_is_plain, results.scenes()):
        rows += [_row(results, scene, rival) for rival in RIVALS]
        if {(scene, PDN), (scene, SAHI)} <= results.found.keys():
            sentences.append(_beside_sahi(results, scene))
    return _section(sentences, _COLUMNS, rows)


def _beside_sahi(results: Results, scene: SpeedScene) -> str:
    times = results.ratio((scene, SAHI), (scene, PDN))
    ours, theirs = results.found[scene, PDN], results.found[scene, SAHI]
    return (
        f"Who tiles the {scene.side} scene with SAHI waits {_times(times)} times as long as for "
        f"`pdn-geo detect`, finds {_share(theirs.recall)} of the boats instead of "
        f"{_share(ours.recall)}, and sorts out {theirs.false_alarms} false alarms instead of "
        f"{ours.false_alarms}."
    )


def _layouts(results: Results) -> str:
    rows, times = [], []
    for scene in results.scenes(SMALL, WHOLE):
        for rival in (PDN, OVERVIEWS):
            try:
                ratio = results.ratio((scene, rival), (results.scene(scene.side), PDN))
            except KeyError:
                continue
            if not _is_plain(scene):
                times.append(ratio)
            rows.append([*_row(results, scene, rival), f"{ratio:.2f}"])
    if not times:
        return ""
    sentence = (
        f"In another layout, or with `--anchor overviews`, a user waits {min(times):.2f} to "
        f"{max(times):.2f} times as long for a scene as in tiled deflate without overviews."
    )
    return _section([sentence], [*_COLUMNS, "of tiled deflate"], rows)


def _sizes(results: Results) -> str:
    rows, sentences = [], []
    for rival, overviews in ((PDN, False), (OVERVIEWS, True)):
        keys = [
            (scene, rival)
            for scene in results.scenes()
            if scene.layout == DEFLATE and scene.overviews == overviews
        ]
        keys = [key for key in keys if key in results.runs]
        whole = next((key for key in keys if key[0].side == WHOLE), None)
        if whole is None or keys[-1] == whole:
            continue
        ratios = [results.per_pixel(key, whole) for key in keys]
        rows += [
            [*_row(results, *key), f"{ratio:.2f}"] for key, ratio in zip(keys, ratios, strict=True)
        ]
        sentences.append(
            f"From 10K to {keys[-1][0].side}, `{rival}` takes {ratios[-1]:.2f} times as long per "
            f"pixel, and {results.peak_mb(*keys[-1]):.0f} instead of {results.peak_mb(*whole):.0f} "
            "MB of memory."
        )
    return _section(sentences, [*_COLUMNS, "per pixel, of 10K"], rows)


def _elsewhere(results: Results) -> str:
    """Who and what is in no table yet."""
    scenes = [scene for scene in results.scenes() if not _is_plain(scene)]
    others = [rival for rival in RIVALS if rival not in (PDN, OVERVIEWS)]
    rows = [_row(results, scene, rival) for scene in scenes for rival in others]
    return _section([], _COLUMNS, rows)


def _is_plain(scene: SpeedScene) -> bool:
    return scene.layout == DEFLATE and not scene.overviews and scene.side in (SMALL, WHOLE)


_COLUMNS = (
    "scene", "", "in decodes", "of pdn-geo", "peak MB", "read", "analysed", "recall",
    "false alarms per 100 Mpx",
)  # fmt: skip


def _row(results: Results, scene: SpeedScene, rival: str) -> list[str]:
    """Under _COLUMNS; empty for who did not run."""
    key = scene, rival
    if key not in results.runs:
        return []
    yardsticks = [(scene, DECODE), (scene, PDN)]
    times = [_times(results.ratio(key, y)) if y in results.runs else "" for y in yardsticks]
    read, analysed = effort(rival, scene, results.runs[key][0].told)
    found = results.found.get(key)
    return [
        scene.name,
        rival,
        *times,
        f"{results.peak_mb(*key):.0f}",
        _share(read),
        _share(analysed),
        f"{found.recall:.3f}" if found else "",
        f"{found.per_100_mpx:.1f}" if found else "",
    ]


def _section(sentences: Sequence[str], head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text and a table of the rows that are not empty; nothing without any."""
    rows = [row for row in rows if row]
    if not rows:
        return ""
    return "\n\n".join([*filter(None, [" ".join(sentences)]), _table(head, rows)])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _times(ratio: float) -> str:
    return f"{ratio:.0f}" if ratio >= 20 else f"{ratio:.2f}"


def _share(part: float) -> str:
    return f"{100 * part:.3g} %"
