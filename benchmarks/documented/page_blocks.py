"""Blocks of a page: read them, replace them, and find the stale ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.result_rows import read_rows
from tutelage.files.atomic import atomic_file

__all__ = [
    "Row",
    "Table",
    "block_lines",
    "read_source",
    "stale_blocks",
    "table_lines",
    "with_block",
    "write_blocks",
]

Row = Mapping[str, Any]
Table = Callable[[Sequence[Row]], Iterable[str]]
"""Turns the rows of a file of results into the lines of a block."""

_BLOCK = re.compile(r"<!-- from (?P<name>.+?) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)


def table_lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def block_lines(page: str) -> dict[str, list[str]]:
    """Return the lines of each block of a page, without the blank lines around them.

    Parameters
    ----------
    page : str
        The text of the page.

    Returns
    -------
    dict of str to list of str
        Lines by the name of the block.

    Raises
    ------
    ValueError
        If two blocks have the same name, or a block has no end.
    """
    blocks: dict[str, list[str]] = {}
    for match in _BLOCK.finditer(page):
        name = match["name"]
        if name in blocks or "<!-- from " in match["body"]:
            raise ValueError(f"block {name!r} is there twice, or has no end")
        blocks[name] = match["body"].strip("\n").splitlines()
    if page.count("<!-- from ") != len(blocks):
        raise ValueError("the last block has no end")
    return blocks


def with_block(page: str, name: str, lines: Iterable[str]) -> str:
    """Return the page with these lines in the block.

    Parameters
    ----------
    page : str
        The text of the page.
    name : str
        The name of the block.
    lines : iterable of str
        What the block shall hold.

    Returns
    -------
    str
        The text of the new page.

    Raises
    ------
    ValueError
        If the page has no such block.
    """
    mark = f"<!-- from {name} -->"
    before, separator, rest = page.partition(mark)
    if not separator:
        raise ValueError(f"the page has no mark {mark}")
    after = rest.partition("<!-- end -->")[2]
    return "\n".join([before + mark, "", *lines, "", "<!-- end -->" + after])


def read_source(root: Path, name: str) -> list[Row]:
    """Return the rows from which a block is made.

    Parameters
    ----------
    root : Path
        The folder of the repository.
    name : str
        The name of the block: `results/FILE.csv`, `FOLDER/FILE.json`, several of these with commas between,
        or such a name with `: part`. Another name has no rows: its block is counted from the package.

    Returns
    -------
    list of mapping
        Rows of the CSV or JSON, or the groups of a table of experiments, each with the name of its table.
    """
    rows: list[Row] = []
    for file in (root / part for part in name.partition(": ")[0].split(", ")):
        if file.suffix == ".csv":
            rows += read_rows(file)
        if file.suffix == ".json":
            page = json.loads(file.read_text(encoding="utf-8"))
            groups = page.get("groups", ())  # of experiments
            rows += [*page.get("rows", ()), *({"table": page["table"], **group} for group in groups)]
    return rows


def stale_blocks(root: Path, page: str, tables: Mapping[str, Table]) -> list[str]:
    """Return the names of the blocks that differ from what the results give.

    Parameters
    ----------
    root : Path
        The folder of the repository.
    page : str
        The path of the page in it.
    tables : mapping of str to callable
        What makes each block.

    Returns
    -------
    list of str
        Names of stale blocks, of blocks that nothing makes, and of blocks that the page lacks.
    """
    blocks = block_lines((root / page).read_text(encoding="utf-8"))
    stale = sorted(blocks.keys() ^ tables.keys())
    for name in blocks.keys() & tables.keys():
        if blocks[name] != list(tables[name](read_source(root, name))):
            stale.append(name)
    return stale


def write_blocks(root: Path, page: str, tables: Mapping[str, Table]) -> bool:
    """Write every block of a page anew.

    Parameters
    ----------
    root : Path
        The folder of the repository.
    page : str
        The path of the page in it.
    tables : mapping of str to callable
        What makes each block.

    Returns
    -------
    bool
        Whether the page changed.
    """
    file = root / page
    old = file.read_text(encoding="utf-8")
    new = old
    for name, table in tables.items():
        new = with_block(new, name, table(read_source(root, name)))
    if new != old:
        with atomic_file(file) as beside:
            beside.write_text(new, encoding="utf-8")
    return new != old
