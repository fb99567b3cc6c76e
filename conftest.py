"""The code blocks of README.md and of the site run in the order of the page, and print what the page shows.

A page has a folder of its own, with the real survey of examples/library. Its first lines say what its blocks
need: `tests: slow` or `tests: data`, or both, as front matter or as a comment.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from sybil import Example, Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).parent
NEEDS = {"slow": "slow", "data": "real_data"}
FILE_COMMANDS = {"cat", "cp", "head", "ls", "mv", "python"}
_FRONT_MATTER = re.compile(r"\A(?:---\n|<!-- )tests: (.*?)(?:\n---| -->)\n")


def _python(example: Example) -> None:
    """Run a block, and keep what it prints for the block of text after it."""
    printed = io.StringIO()
    code = compile("\n" * example.line + example.parsed, str(example.path), "exec", dont_inherit=True)
    with contextlib.redirect_stdout(printed):
        exec(code, example.namespace)
    example.namespace["_printed"] = printed.getvalue()


def _text(example: Example) -> str | None:
    """Compare a block of text with what the Python block before it printed."""
    if "_printed" not in example.namespace:
        return "no Python block stands before this output"
    return _difference(example.parsed, example.namespace.pop("_printed"), "the Python block")


def _console(example: Example) -> str | None:
    """Run the commands of a block, and compare what each prints with the lines after it."""
    for part in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        code, stdout, stderr = _run(shlex.split(command))
        if code != 0 and "error" not in expected:
            return f"{command}: exit code {code}\n{stdout}{stderr}"
        if expected.strip() and (fault := _difference(expected, stdout + (stderr if code else ""), command)):
            return fault
    return None


def _run(words: list[str]) -> tuple[int, str, str]:
    if words[0] in FILE_COMMANDS:
        program = [sys.executable] if words[0] == "python" else [words[0]]
        ended = subprocess.run([*program, *words[1:]], capture_output=True, text=True, check=False)
        return ended.returncode, ended.stdout, ended.stderr
    if words[0] != "tutelage":
        raise ValueError(f"{words[0]} is not run here; the block is no console")
    from tutelage.cli import main

    stdout, stderr, before, code = io.StringIO(), io.StringIO(), sys.argv, 0
    sys.argv = words
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            main()
    except SystemExit as ended_with:
        code = int(ended_with.code or 0)
    finally:
        sys.argv = before
    return code, stdout.getvalue(), stderr.getvalue()


def _difference(expected: str, printed: str, what: str) -> str | None:
    """Return what differs; `...` in the expected text stands for anything."""
    wanted, got = (
        "".join(f"{line.rstrip()}\n" for line in text.strip().splitlines()) for text in (expected, printed)
    )
    checker = doctest.OutputChecker()
    if checker.check_output(wanted, got, doctest.ELLIPSIS):
        return None
    shown = checker.output_difference(
        doctest.Example("", wanted), got, doctest.ELLIPSIS | doctest.REPORT_NDIFF
    )
    return f"{what} prints something else\n{shown}\nprinted in full:\n{got}"


def _enter(namespace: dict[str, Any]) -> None:
    """Give the page its folder."""
    import torch

    torch.set_num_threads(1)
    folder = Path(tempfile.mkdtemp(prefix="page-"))
    for table in (ROOT / "examples" / "library").glob("*.csv"):
        shutil.copy(table, folder)
    namespace["_left"] = Path.cwd(), dict(os.environ), folder
    if os.environ.get("TUTELAGE_DATA"):
        os.environ["TUTELAGE_DATA"] = str(Path(os.environ["TUTELAGE_DATA"]).resolve())
    os.environ.setdefault("TUTELAGE_CACHE", str(folder / "cache"))
    os.environ["COLUMNS"] = "100"
    os.chdir(folder)


def _leave(namespace: dict[str, Any]) -> None:
    before, environment, folder = namespace["_left"]
    os.chdir(before)
    os.environ.clear()
    os.environ.update(environment)
    shutil.rmtree(folder)


pytest_collect_file = Sybil(
    [
        CodeBlockParser("python", _python),
        CodeBlockParser("text", _text),
        CodeBlockParser("console", _console),
    ],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
    path=str(ROOT),
    setup=_enter,
    teardown=_leave,
).pytest()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the blocks of a page by its first lines."""
    for item in items:
        if isinstance(item, SybilItem) and (needs := _FRONT_MATTER.match(item.path.read_text("utf-8"))):
            for need in needs[1].split():
                item.add_marker(NEEDS[need])
