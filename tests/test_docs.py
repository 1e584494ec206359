"""The documentation builds, links lead somewhere, and commands in it are those that there are."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT
from pdn_geo_cli.app import app
from typer.main import get_command

PAGES = sorted((ROOT / "docs").rglob("*.md"))
TEXTS = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
CLI = get_command(app)
OPTIONS = {
    word
    for command in (CLI, *CLI.commands.values())
    for parameter in command.params
    for word in parameter.opts
    if word.startswith("--")
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def in_fences(text: str) -> Iterator[str]:
    """Lines of fenced blocks, continued ones joined."""
    for block in re.findall(r"^ *```[^\n]*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()


def commands_in(path: Path) -> list[list[str]]:
    """What follows `pdn-geo` on command lines, up to a pipe or the like."""
    found = []
    for line in in_fences(path.read_text(encoding="utf-8")):
        if not re.match(r"\s*(pdn-geo|torchrun .*pdn-geo) ", line):
            continue
        words = shlex.split(line, comments=True)
        words = words[words.index("pdn-geo") + 1 :]
        ends = [i for i, word in enumerate(words) if word in ("|", "&&", ";", ">")]
        found.append(words[: min(ends, default=len(words))])
    return found


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_hooks", ROOT / "docs" / "hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for module in ("mkdocs", "material", "mkdocstrings_handlers.python"):
        if not importlib.util.find_spec(module.partition(".")[0]):
            pytest.skip(f"{module} is not installed: the extra docs has it")
    folder = tmp_path_factory.mktemp("site")
    run = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_every_page_is_built_and_nothing_else_is_published(site: Path) -> None:
    assert {p.relative_to(site).as_posix() for p in site.rglob("*.html")} >= {
        page.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for page in PAGES
    }
    assert not list(site.rglob("*.py"))


def test_the_site_needs_no_other_server(site: Path) -> None:
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=\"?([^\" >]+)", html)
        assert loaded
        assert not [url for url in loaded if re.match(r"(https?:)?//", url)], page


def test_tables_inside_details_are_tables(site: Path) -> None:
    html = (site / "results.html").read_text(encoding="utf-8")
    assert html.count("<details") > 0
    assert html.count("<table") > html.count("<details")


def test_the_api_page_has_every_public_name(site: Path) -> None:
    import pdn_geo

    html = (site / "api.html").read_text(encoding="utf-8")
    for name in pdn_geo.__all__:
        assert (f"pdn_geo.{name}" if name.startswith("__") else f'id="pdn_geo.{name}"') in html
    assert 'id="pdn_geo.accessor.PdnAccessor"' in html
    assert not re.findall(r'id="pdn_geo\.[^"]*\._(?!_)', html)


def test_the_options_page_has_every_command_and_option(hooks: ModuleType) -> None:
    source = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")
    page = hooks.on_page_markdown(source)
    assert "<!-- options" not in page
    for command in (CLI, *CLI.commands.values()):
        assert command is CLI or f"\n## {command.name}\n" in page
        for parameter in command.params:
            if parameter.name.endswith("_completion"):
                continue
            anchor = f"{{ #{command.name}-{parameter.opts[0].lstrip('-')} }}"
            (row,) = [line for line in page.splitlines() if anchor in line]
            assert (parameter.help or "") in row.replace("\\|", "|")
            assert all(word in row for word in parameter.opts if word.startswith("-"))


def test_an_unknown_command_stops_the_build(hooks: ModuleType) -> None:
    with pytest.raises(KeyError):
        hooks.on_page_markdown("<!-- options: detects -->")


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_relative_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:|#", target):
            assert (path.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_command_lines_are_understood(path: Path) -> None:
    for words in commands_in(path):
        words = [word for word in words if word != "--debug"]
        if words[0] in ("--version", "--help"):
            continue
        with CLI.commands[words[0]].make_context(words[0], words[1:]):
            pass  # parsed: no option is unknown, none that is needed is missing


def test_there_are_command_lines_to_check() -> None:
    assert len(commands_in(ROOT / "README.md")) >= 3
    assert ["train", "CONFIG.toml"] in commands_in(ROOT / "docs" / "training.md")


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_options_in_the_text_exist(path: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    named = set(re.findall(r"(?<!`)`(--[a-z][a-z-]*)", text))
    assert named <= OPTIONS
