"""What mkdocs does to a page before it becomes HTML.

A line ``<!-- options: detect -->`` becomes the arguments and options of `pdn-geo detect`,
taken from the command itself, so that the page cannot tell of others. ``pdn-geo`` there stands
for what goes with every command.
"""

import re
from enum import Enum
from typing import Any

from pdn_geo_cli.app import app
from typer.main import get_command

_MARKER = re.compile(r"^<!-- options: (\S+) -->$", re.MULTILINE)
_VALUES = {"float": "number", "int": "whole number", "str": "text"}
_NOT_TOLD = ("install_completion", "show_completion")


def on_page_markdown(markdown: str, page: Any = None, **_: Any) -> str:
    """The page with options in, and with tables inside <details> read as such, as on GitHub.

    Pages of results get the room of the table of contents for their own wide tables.
    """
    if page is not None and page.file.name.startswith("results"):
        page.meta.setdefault("hide", ["toc"])
    markdown = markdown.replace("<details>", '<details markdown="1">')
    return _MARKER.sub(lambda marker: describe(marker[1]), markdown)


def describe(name: str) -> str:
    """A command as Markdown: what it does, how it is called, a table of what it takes.

    Each row has the anchor ``<command>-<option>``. KeyError for a command that is not there.
    """
    root = get_command(app)
    command = root if name == root.name else root.commands[name]
    parameters = [p for p in command.params if p.name not in _NOT_TOLD]
    rows = [("", "Value", "Default", ""), *(_row(name, parameter) for parameter in parameters)]
    told = [i for i in range(len(rows[0])) if any(row[i] for row in rows[1:])]
    header, *body = ("| " + " | ".join(row[i] for i in told) + " |" for row in rows)
    return "\n".join(
        [
            "" if command is root else " ".join((command.help or "").split()),
            "",
            "```text",
            _usage(root, command, parameters),
            "```",
            "",
            '<div class="options" markdown="1">',
            "",
            header,
            "|" + "---|" * len(told),
            *body,
            "",
            "</div>",
        ]
    )


def _usage(root: Any, command: Any, parameters: list[Any]) -> str:
    if command is root:
        return f"{root.name} [OPTIONS] COMMAND ..."
    needed = [
        f"{p.opts[0]} {p.name.upper()}" if _is_option(p) else _shown(p)
        for p in parameters
        if p.required
    ]
    return " ".join([root.name, command.name, *needed, "[OPTIONS]"])


def _row(command: str, parameter: Any) -> tuple[str, str, str, str]:
    spelt = ", ".join(f"`{word}`" for word in parameter.opts)
    name = parameter.opts[0].lstrip("-") if _is_option(parameter) else parameter.name
    shown = spelt if _is_option(parameter) else f"`{_shown(parameter)}`"
    help_text = (parameter.help or "").replace("|", "\\|")
    link = f"[{shown}](#{command}-{name}){{ #{command}-{name} }}"
    return link, _value(parameter), _default(parameter), help_text


def _is_option(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "option")


def _shown(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _value(parameter: Any) -> str:
    if getattr(parameter, "is_flag", False):
        return ""
    choices = getattr(parameter.type, "choices", None)
    if choices:
        return ", ".join(f"`{_plain(choice)}`" for choice in choices)
    return _VALUES.get(parameter.type.name, parameter.type.name)


def _default(parameter: Any) -> str:
    if parameter.required:
        return "needed"
    if parameter.default is None or getattr(parameter, "is_flag", False):
        return ""
    return f"`{_plain(parameter.default)}`"


def _plain(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)
