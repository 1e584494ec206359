import csv
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
import typer
from pdn_geo_cli.train import train as train_command
from rasterio.transform import from_origin
from typer.testing import CliRunner

from pdn_geo.engines.network import load_network
from pdn_geo.errors import OptionError
from pdn_geo.training.config import LabelledScene, NetworkConfig, SceneSource, SimulatedSource
from pdn_geo.training.config_file import read_config

RUN = '[run]\nout = "run"\nsteps = 5\n'
SEAS = '[[source]]\nkind = "simulated"\n'
EXAMPLE = Path(__file__).parents[1] / "examples/train-small.toml"


def write(folder: Path, text: str) -> Path:
    path = folder / "train.toml"
    path.write_text(text)
    return path


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_all_that_a_file_can_say(tmp_path):
    touch(tmp_path, "a/1.tif", "a/2.tif", "b.tif", "a/1.hulls.geojson", "a/2.hulls.geojson")
    touch(tmp_path, "sea.tif", "own/patch.onnx")
    path = write(
        tmp_path,
        """
        [network]
        weights = "own/patch.onnx"
        [run]
        out = "runs/one"
        steps = 100
        batch = 4
        crop_px = 128
        learning_rate = 1
        freeze_steps = 10
        bf16 = true
        [[source]]
        kind = "scenes"
        scenes = "a/*.tif"
        labels = ".hulls.geojson"
        bands = [4, 3, "nir=2"]
        gsd_m = 3
        [[source]]
        kind = "negatives"
        scenes = ["sea.tif", "s*.tif", "b.tif"]
        weight = 0.5
        [[source]]
        kind = "simulated"
        seas = 7
        """,
    )
    config = read_config(path)
    assert config.network.weights == tmp_path / "own/patch.onnx"
    run = config.run
    assert (run.out, run.steps, run.batch, run.crop_px) == (tmp_path / "runs/one", 100, 4, 128)
    assert (run.learning_rate, run.freeze_steps, run.bf16, run.seed) == (1.0, 10, True, 0)
    a = tmp_path / "a"
    labelled, negatives, seas = config.sources
    assert labelled == SceneSource(
        scenes=tuple(
            LabelledScene(scene=a / f"{n}.tif", labels=a / f"{n}.hulls.geojson") for n in (1, 2)
        ),
        bands=(4, 3, "nir=2"),
        gsd_m=3.0,
    )
    assert negatives == SceneSource(
        scenes=tuple(
            LabelledScene(scene=tmp_path / name, labels=None) for name in ("sea.tif", "b.tif")
        ),
        weight=0.5,
    )
    assert seas == SimulatedSource(seas=7)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (".gpkg", "scenes/port.gpkg"),
        ("one.gpkg", "one.gpkg"),
        ("./one.gpkg", "one.gpkg"),
        ("labels", "labels/port.hulls.geojson"),
        ("scenes", "scenes/port.gpkg"),
    ],
)
def test_where_labels_lie(tmp_path, labels, found):
    touch(tmp_path, "scenes/port.tif", "scenes/port.gpkg", "scenes/port.tif.aux.xml", "one.gpkg")
    touch(tmp_path, "labels/port.hulls.geojson", "labels/ports.geojson", "labels/port.txt")
    text = f'{RUN}[[source]]\nkind="scenes"\nscenes="scenes/*.tif"\nlabels="{labels}"'
    (source,) = read_config(write(tmp_path, text)).sources
    assert isinstance(source, SceneSource)
    assert source.scenes[0].labels == tmp_path / found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[run", "not valid TOML"),
        (SEAS, r"\[run\] needs steps"),
        ('[run]\nsteps = 5\n' + SEAS, r"\[run\] needs out"),
        (RUN, r"no \[\[source\]\]"),
        (RUN + "stepz = 3\n" + SEAS, r"\[run\] has no key stepz; did you mean steps"),
        ("[runs]\n" + RUN + SEAS, "has no key runs; did you mean run"),
        (RUN + "x = 3\n" + SEAS, r"\[run\] has no key x; it takes steps, "),
        (RUN + "batch = 2.0\n" + SEAS, r"\[run\] batch must be a whole number, got 2.0"),
        (RUN + "batch = true\n" + SEAS, r"\[run\] batch must be a whole number, got True"),
        (RUN + 'clip = "a"\n' + SEAS, r"\[run\] clip must be a number, got 'a'"),
        (RUN + "bf16 = 1\n" + SEAS, r"\[run\] bf16 must be true or false, got 1"),
        (RUN + "crop_px = 100\n" + SEAS, r"\[run\] crop_px must be a multiple of 32 .*, got 100"),
        (RUN + "ema = 1.5\n" + SEAS, r"\[run\] ema must be from 0 to below 1, got 1.5"),
        ("network = 3\n" + RUN + SEAS, r"\[network\] must be a table"),
        ('[network]\nweights="none"\nstride=3\n' + RUN + SEAS, r"\[network\] stride must be 2 or"),
        ("[network]\nstride=2\n" + RUN + SEAS, r'go with weights = "none"'),
        (
            '[network]\nweights="none"\n' + RUN + "freeze_steps = 2\n" + SEAS,
            "freeze_steps needs trained weights",
        ),
        (RUN + "[source]\nkind='simulated'", r"in double brackets"),
        (RUN + "[[source]]\nkind='sea'", r"1 kind must be one of scenes, .*, got 'sea'"),
        (RUN + SEAS + "labels='a'", r"1 has no key labels"),
        (RUN + SEAS + "weight=0", r"1 weight must be positive, got 0"),
        (RUN + SEAS + "[[source]]\nkind='scenes'", r"2 needs scenes"),
        (RUN + "[[source]]\nkind='scenes'\nscenes='a.tif'", r"1 needs labels"),
        (RUN + "[[source]]\nkind='negatives'\nscenes=[]", r"1 scenes must be a list"),
        (RUN + "[[source]]\nkind='negatives'\nscenes='b*'", r"1 scenes: no file matches .*b\*"),
        (
            RUN + "[[source]]\nkind='scenes'\nscenes='a.tif'\nlabels='.gpkg'",
            r"1 labels: a.tif has none at .*a\.gpkg",
        ),
        (
            RUN + "[[source]]\nkind='scenes'\nscenes='a.tif'\nlabels='two'",
            r"1 labels: which one is for a.tif\? a.fgb, a.geojson",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_named_in_one_sentence(tmp_path, text, message):
    touch(tmp_path, "a.tif", "two/a.fgb", "two/a.geojson")
    with pytest.raises(OptionError, match=message) as caught:
        read_config(write(tmp_path, text))
    assert str(tmp_path / "train.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OptionError, match=r"no\.toml: cannot be read"):
        read_config(tmp_path / "no.toml")


def test_the_example_is_valid_and_spends_what_it_says(tmp_path):
    touch(tmp_path, "scene.tif", "scene.truth.gpkg")
    path = tmp_path / EXAMPLE.name
    path.write_text(EXAMPLE.read_text())
    run = read_config(path).run
    # a second per 16 crops of 192 px is what two cores need at most
    assert run.steps * run.batch * run.crop_px**2 <= 9 * 60 * 16 * 192**2


@pytest.fixture(scope="module")
def harbour(tmp_path_factory) -> Path:
    """A grey sea of 3 m pixels with bright hulls, and a config that trains on it."""
    folder = tmp_path_factory.mktemp("harbour")
    rng = np.random.default_rng(0)
    sea = rng.normal(60, 4, (3, 320, 320))
    features = []
    for x, y in itertools.product(range(30, 300, 60), range(30, 300, 60)):
        sea[:, y - 2 : y + 2, x - 7 : x + 7] = 180
        line = f'{{"type":"LineString","coordinates":[[{x - 7},{y}],[{x + 7},{y}]]}}'
        features.append(
            f'{{"type":"Feature","properties":{{"kind":"vessel","beam_px":4}},"geometry":{line}}}'
        )
    place = {"crs": "EPSG:32618", "transform": from_origin(500_000, 4_500_000, 3, 3)}
    for name, pixels in (("boats.tif", sea), ("empty.tif", rng.normal(60, 4, (3, 320, 320)))):
        with rasterio.open(
            folder / name,
            "w",
            driver="GTiff",
            width=320,
            height=320,
            count=3,
            dtype="uint8",
            **place,
        ) as out:
            out.write(pixels.clip(0, 255).astype("uint8"))
    (folder / "boats.hulls.geojson").write_text(
        '{"type":"FeatureCollection","coordinates":"pixel","features":[' + ",".join(features) + "]}"
    )
    write(
        folder,
        """
        [network]
        weights = "none"
        stride = 4
        [run]
        out = "out"
        steps = 6
        batch = 2
        crop_px = 64
        workers = 0
        learning_rate = 2e-3
        [[source]]
        kind = "scenes"
        scenes = "boats.tif"
        labels = ".hulls.geojson"
        [[source]]
        kind = "negatives"
        scenes = "empty.tif"
        weight = 0.2
        """,
    )
    return folder


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_train_command_in_slices_to_weights_that_detect_takes(harbour):
    app = typer.Typer()
    app.command()(train_command)
    command = [str(harbour / "train.toml")]
    first = CliRunner().invoke(app, [*command, "--max-minutes", "1e-9"])
    assert first.exit_code == 0, first.output
    assert "stopped at step 1 of 6; --resume goes on" in first.output
    again = CliRunner().invoke(app, command)
    assert "a run is here already" in str(again.exception)
    last = CliRunner().invoke(app, [*command, "--resume"])
    assert last.exit_code == 0, last.output
    weights = harbour / "out/patch.onnx"
    assert f"wrote {weights}" in last.output.replace("\n", "")
    detector = load_network(weights)
    assert detector.name == "out 1"
    with (harbour / "out/log.csv").open() as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == [1, 6]

    from pdn_geo.training.checkpoint import read_checkpoint
    from pdn_geo.training.train import start_network, train

    config = read_config(harbour / "train.toml")
    straight = replace(config, run=replace(config.run, out=harbour / "straight"))
    stages = []
    train(straight, progress=lambda stage, entry: stages.append(stage))
    assert [*dict.fromkeys(stages)] == [
        "reading boats.tif", "reading empty.tif", "training", "exporting"
    ]  # fmt: skip
    one, other = (read_checkpoint(harbour / name) for name in ("out", "straight"))
    assert one is not None
    assert other is not None
    torch.testing.assert_close(one.ema, other.ema, rtol=0, atol=0)

    shipped = replace(config, network=NetworkConfig(weights="shipped"))
    assert start_network(shipped)[1].name == "patch"  # the scene's pixels are of 3 m
    with rasterio.open(harbour / "boats.tif", "r+") as scene:
        scene.transform *= scene.transform.scale(1 / 3)
    assert start_network(shipped)[1].name == "patch-fine"

    tuned, card = start_network(replace(config, network=NetworkConfig(weights=weights)))
    assert card is not None
    assert (card.sites, card.thresholds) == (("boats", "empty"), ((1.0, 0.3),))
    torch.testing.assert_close(tuned.state_dict(), one.ema, rtol=1e-3, atol=1e-6)  # stored halves
