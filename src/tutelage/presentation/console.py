"""How anything reaches the screen: a table or a line, figures by name, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tutelage.presentation.wording import in_words, plain

__all__ = ["print_json", "show", "show_pairs", "tell"]

_WIDE, _WIDEST = 160, 10_000


def show(table: Table | str, *, whole: bool = False) -> None:
    """A table, or a line in which markup is understood; `whole`: piped into a file, as wide as it needs."""
    if sys.stdout.isatty():
        Console().print(table)
        return
    needed = Console(width=_WIDEST).measure(table).maximum if whole else _WIDE
    Console(width=max(_WIDE, needed)).print(table)


def tell(text: str) -> None:
    """A line on standard error, as long as it is; markup is understood."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(text)


def show_pairs(figures: Mapping[str, Any], as_json: bool) -> None:
    """Figures by name, a row each."""
    if as_json:
        print(json.dumps(figures))
        return
    table = Table(show_header=False)
    for name, value in figures.items():
        table.add_row(name, plain(in_words(value) or "none"))
    show(table)


def print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """One object for one thing that was asked about, a list for several."""
    print(json.dumps(rows[0] if len(rows) == 1 else rows))
