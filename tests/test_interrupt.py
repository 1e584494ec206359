"""Ctrl-C and SIGTERM: what was found is kept or nothing is written, and it is said which."""

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from seas import make_sea, write_tif

import pdn_geo
from pdn_geo.grid import PixelGrid
from pdn_geo.interrupt import first_interrupt_held
from pdn_geo.products.write import WRITERS
from pdn_geo.result import DetectionResult
from pdn_geo.testing import FakeScene

TESTS = str(Path(__file__).parent)
SIZE = 1700
BATCH = 8
"""Looks between two chances to stop."""


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """As in a terminal, also where the tests run in the background; put back afterwards."""
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    held = signal.getsignal(signal.SIGINT)
    for number, handler in former.items():
        signal.signal(number, handler)
    assert held is signal.default_int_handler


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    boats = np.array(
        [[x, y, 30, 8, 0.4] for x in range(120, SIZE, 320) for y in range(90, SIZE, 410)]
    )
    return make_sea(size=SIZE, boats=boats.astype(float)).values


def interrupting(stage: str, times: int = 1, when: float = 0.0) -> Callable[[str, float], None]:
    """A `progress` that presses Ctrl-C at the first news of a stage past a share."""
    pressed = []

    def progress(now: str, share: float) -> None:
        if now == stage and share >= when and not pressed:
            pressed.append(now)
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    return progress


def run(values: np.ndarray, **options: object) -> DetectionResult:
    """Everything is looked at, so that the looks are known beforehand."""
    scene = FakeScene(values, grid=PixelGrid(height=SIZE, width=SIZE, assumed_gsd_m=1.0))
    settings = {"exhaustive": True, "model": "classical", "keep_partial": True}
    return pdn_geo.detect(scene, **{**settings, **options})


@pytest.fixture(scope="module")
def whole(values: np.ndarray) -> DetectionResult:
    return run(values)


@pytest.fixture(scope="module")
def partial(values: np.ndarray) -> DetectionResult:
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run(values, progress=interrupting("looks"))
    finally:
        signal.signal(signal.SIGINT, former)


def test_an_interrupt_keeps_the_looks_made_so_far(
    whole: DetectionResult, partial: DetectionResult
) -> None:
    looks = whole.findings.looks
    assert len(looks) > BATCH
    assert partial.findings.looks == looks[:BATCH]
    boats = partial.findings.detections
    assert 0 < len(boats) < len(whole.findings.detections)
    assert set(boats.look.tolist()) <= set(range(BATCH))


def test_an_interrupted_run_says_so(whole: DetectionResult, partial: DetectionResult) -> None:
    count = len(whole.findings.looks)
    note = f"Interrupted after {BATCH} of about {count} looks: the rest was not searched."
    assert partial.findings.notes[0] == note
    assert partial.summary["interrupted"]
    assert partial.summary["notes"].splitlines()[0] == note
    assert "until interrupted" in repr(partial)
    assert not whole.summary["interrupted"]
    assert not any("nterrupted" in text for text in (repr(whole), *whole.findings.notes))


def test_an_interrupted_run_accounts_for_what_it_saw(
    whole: DetectionResult, partial: DetectionResult
) -> None:
    found = partial.findings
    windows = [look.window for look in found.looks]
    union = shapely.union_all(
        [shapely.box(w.col_off, w.row_off, w.col_end, w.row_end) for w in windows]
    )
    assert partial.searched_area.area.item() == pytest.approx(union.area)
    assert found.searched_share == pytest.approx(union.area / SIZE**2, abs=0.02)  # whole cells
    assert found.patches == pytest.approx(sum(w.area for w in windows) / 512**2)
    # A boat in eight is expected to be found in what is left, and so it is missed.
    assert whole.findings.expected_missed == 0
    assert 0 < found.expected_missed <= found.missed_at_most


def test_time_is_no_number_of_looks(values: np.ndarray) -> None:
    result = run(values, exhaustive=False, seconds=600, progress=interrupting("looks"))
    assert result.interrupted
    assert result.findings.notes[0].startswith(f"Interrupted after {BATCH} looks: ")


def test_an_interrupt_after_the_last_look_changes_nothing(
    values: np.ndarray, whole: DetectionResult
) -> None:
    late = run(values, progress=interrupting("looks", when=1.0))
    assert not late.interrupted
    assert late.findings.looks == whole.findings.looks
    assert late.findings.notes == whole.findings.notes


@pytest.mark.parametrize(
    "options",
    [
        {"progress": interrupting("looks", times=2)},
        {"progress": interrupting("anchor")},
        {"progress": interrupting("looks"), "keep_partial": False},
    ],
    ids=["twice", "before the looks", "not asked to keep"],
)
def test_other_interrupts_end_the_run(values: np.ndarray, options: dict) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(values, **options)


def test_nothing_is_held_in_a_thread_or_where_interrupts_are_ignored() -> None:
    said = []

    def hold() -> None:
        with first_interrupt_held() as pressed:
            said.append(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
            said.append(pressed())

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert said == [True, False]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with first_interrupt_held() as pressed:
        signal.raise_signal(signal.SIGINT)
        assert not pressed()
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module")
def scene(values: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    return write_tif(folder / "sea.tif", values, tiled=True, blockxsize=256, blockysize=256)


Command = Callable[..., int]


@pytest.fixture
def command(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`pdn-geo detect` in `tmp_path`, with signals sent by its progress; its exit code."""
    from pdn_geo_cli import app, detect

    def run(*words: str, progress: Callable[[str, float], None] | None = None) -> int:
        @contextmanager
        def bar(*, quiet: bool) -> Iterator[Callable[[str, float], None] | None]:
            yield progress

        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(detect, "progress_bar", bar)
        always = ("detect", str(scene), "--exhaustive", "--model", "classical")
        monkeypatch.setattr(sys, "argv", ["pdn-geo", *always, *words])
        with pytest.raises(SystemExit) as stopped:
            app.main()
        return int(stopped.value.code or 0)

    return run


OUTPUTS = ("--out", "b.gpkg", "--out", "b.geojson", "--preview", "b.png")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_keep_partial_writes_every_output_and_ends_with_130(
    command: Command, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = command(
        *OUTPUTS, "--qgis-project", "b.qgz", "--stac-item", "b.json", "--keep-partial", "--json",
        progress=interrupting("looks"),
    )  # fmt: skip
    assert code == 130
    said = capfd.readouterr()
    assert len(said.err.splitlines()) == 1
    assert "sea.tif: Interrupted after 8 of about " in said.err
    assert json.loads(said.out)["interrupted"]
    written = {"b.gpkg", "b.geojson", "b.png", "b.qgz", "b.saliency.tif", "b.json"}
    assert names(tmp_path) == written  # no b.gpkg.aux.xml either
    assert pyogrio.read_info(tmp_path / "b.gpkg", layer="looks")["features"] == BATCH
    area = geopandas.read_file(tmp_path / "b.gpkg", layer="searched_area").iloc[0]
    assert area["looks"] == BATCH
    assert area["notes"].startswith("Interrupted after 8 of about ")
    assert geopandas.read_file(tmp_path / "b.gpkg", layer="unsearched").area.item() > 0


@pytest.mark.parametrize(
    ("number", "stage", "words", "code"),
    [
        (signal.SIGINT, "looks", [], 130),
        (signal.SIGINT, "anchor", ["--keep-partial"], 130),
        (signal.SIGTERM, "looks", ["--keep-partial"], 143),
    ],
)
def test_other_interrupts_are_one_line_and_no_file(
    command: Command, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    number: int, stage: str, words: list[str], code: int,
) -> None:  # fmt: skip
    def progress(now: str, share: float) -> None:
        if now == stage:
            signal.raise_signal(number)

    assert command(*OUTPUTS, *words, progress=progress) == code
    assert capfd.readouterr() == ("", "pdn-geo: interrupted; nothing was written\n")
    assert names(tmp_path) == set()


def interrupt_in_the_middle(found: object, path: Path) -> None:
    path.write_bytes(b"half a file")
    signal.raise_signal(signal.SIGINT)
    path.write_bytes(b"a whole file")


@pytest.mark.parametrize(
    ("words", "progress"),
    [([], None), (["--keep-partial"], interrupting("looks"))],
    ids=["the first", "the second"],
)
def test_an_interrupt_while_writing_gives_up(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str], words: list[str], progress: Callable[[str, float], None],
) -> None:  # fmt: skip
    monkeypatch.setitem(WRITERS, ".geojson", interrupt_in_the_middle)
    (tmp_path / "b.geojson").write_text("the last run")
    assert command(*OUTPUTS, *words, progress=progress) == 130
    assert capfd.readouterr() == ("", "pdn-geo: interrupted; nothing was written\n")
    assert names(tmp_path) == {"b.geojson"}
    assert (tmp_path / "b.geojson").read_text() == "the last run"


def test_the_line_names_what_is_complete(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def draw(self: DetectionResult, path: Path) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(DetectionResult, "save_preview", draw)
    assert command("--out", "b.fgb", "--preview", "b.png") == 143
    assert capfd.readouterr().err == "pdn-geo: interrupted; wrote only b.fgb\n"
    assert names(tmp_path) == {"b.fgb"}


def test_keep_partial_holds_a_first_interrupt_while_writing(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WRITERS, ".fgb", interrupt_in_the_middle)
    monkeypatch.setattr("pdn_geo.products.write._check", lambda found, path: None)
    assert command("--out", "b.fgb", "--keep-partial", "--quiet") == 0
    assert (tmp_path / "b.fgb").read_bytes() == b"a whole file"
