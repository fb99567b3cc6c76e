"""The pages of verbs and of settings, made when the site is built: from the help of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mkdocs.structure.files import File, Files
from settings_page import settings_page, shown, table

from tutelage.cli.lazy_verbs import VERBS, command_of

_HEAD = """# Command line

Every verb of `tutelage`, with its options. `tutelage VERB --help` shows the same text.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | `data check` found something that you must repair |
| 2 | bad input, with one message that says what to do |
| 130 | stopped by Ctrl-C |
"""
_EXAMPLE = re.compile(r"^(?:Example|Then): (.*)$", re.MULTILINE)


def on_files(files: Files, config: Any) -> Files:
    """Add both pages to the site.

    Parameters
    ----------
    files : Files
        Files of the site.
    config : MkDocsConfig
        Configuration of the site.

    Returns
    -------
    Files
        The same, with both pages.
    """
    for name, content in (("cli", cli_page()), ("settings", settings_page())):
        files.append(File.generated(config, f"reference/{name}.md", content=content))
    return files


def cli_page() -> str:
    """Return the page of all verbs."""
    return "\n".join([_HEAD, *(_verb(name, command) for name, command in verbs())])


def verbs() -> Iterator[tuple[str, Any]]:
    """Yield every verb and its command, such as "fit" and "zoo list"."""
    for name in VERBS:
        yield name, command_of(name)


def _verb(name: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    words = [each.metavar if each.required else f"[{each.metavar}]" for each in arguments]
    parts = [f"## tutelage {name}\n", f"{_EXAMPLE.sub('', command.help).strip()}\n"]
    parts.append(f"Usage: `{' '.join(['tutelage', name, *words, '[OPTIONS]'])}`\n")
    if examples := _EXAMPLE.findall(command.help):
        parts.append("\n".join(["```bash", *examples, "```\n"]))
    if arguments:
        parts.append(table(("argument", "meaning"), [(f"`{each.metavar}`", each.help) for each in arguments]))
    panels: dict[str, list[Any]] = {"Options": []}
    for each in command.params:
        if each not in arguments:
            panels.setdefault(each.rich_help_panel or "Options", []).append(each)
    for panel, options in panels.items():
        rows = [(_spelling(each), _default(each), each.help) for each in options]
        parts += [f"**{panel}**\n", table(("option", "default", "meaning"), rows)] if rows else []
    return "\n".join(parts)


def _spelling(option: Any) -> str:
    """Return an option as it is typed."""
    value = f" {option.metavar}" if option.metavar else ""
    names = ", ".join(f"`{name}{value}`" for name in (*option.opts, *option.secondary_opts))
    return f"{names}, required" if option.required else names


def _default(option: Any) -> str:
    if option.default is True:
        return f"`{option.opts[0]}`"
    return "" if option.default is False else shown(option.default)
