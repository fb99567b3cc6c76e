"""How anything reaches the screen: tables, lines, figures by name, JSON; numbers and the user's own text.

Rich is imported where it draws: a verb that writes plain text does not wait for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # only named in signatures
    from rich.table import Table

    from tutelage.evaluation.plan import Estimate
    from tutelage.statistics import Difference

__all__ = [
    "counted",
    "few",
    "interval",
    "number",
    "percentages",
    "plain",
    "print_json",
    "show",
    "show_pairs",
    "tell",
    "tell_plainly",
]

_WIDE = 160
_WIDEST = 10_000
_FEW = 6  # rows or names of a finding


def show(table: Table | str, *, whole: bool = False) -> None:
    """Print a table, or a line in which markup is understood.

    Parameters
    ----------
    table : Table or str
    whole : bool
        Piped into a file, as wide as it needs.
    """
    from rich.console import Console

    if sys.stdout.isatty():
        Console().print(table)
        return
    needed = Console(width=_WIDEST).measure(table).maximum if whole else _WIDE
    Console(width=max(_WIDE, needed)).print(table)


def tell(text: str) -> None:
    """Print a line on standard error, as long as it is; markup is understood."""
    from rich.console import Console

    Console(stderr=True, soft_wrap=True, highlight=False).print(text)


def tell_plainly(text: str) -> None:
    """Print a line on standard error as it is: no markup is understood."""
    from rich.console import Console

    Console(stderr=True, soft_wrap=True, markup=False).print(text)


def show_pairs(figures: Mapping[str, Any], as_json: bool) -> None:
    """Print figures by name, a row each."""
    if as_json:
        print(json.dumps(figures))
        return
    from rich.table import Table

    table = Table(show_header=False)
    for name, value in figures.items():
        table.add_row(name, plain(_one_line(value) or "none"))
    show(table)


def print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print one object for one thing, a list for several."""
    print(json.dumps(rows[0] if len(rows) == 1 else rows))


def plain(text: str) -> str:
    """Make text of the user's safe to print where markup is understood."""
    from rich.markup import escape

    return escape(text)


def counted(n: int, what: str) -> str:
    """Say how many there are of what is named in the singular."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def number(value: float | int | None) -> str:
    """Write a count in full, a measure with two decimals, "-" where there is none."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, Integral) else f"{value:.2f}"


def percentages(shares: Mapping[str, float]) -> str:
    """Write shares by name, in percent."""
    return ", ".join(f"{name} {100 * share:.2f} %" for name, share in shares.items())


def interval(difference: Difference | Estimate) -> str:
    """Write both ends of a 95 % interval."""
    return f"{difference.low:.2f} to {difference.high:.2f}"


def few(names: Sequence[object]) -> str:
    """Write the first of the names, and how many more there are."""
    shown = ", ".join(map(str, names[:_FEW]))
    return shown if len(names) <= _FEW else f"{shown} and {len(names) - _FEW:,} more"


def _one_line(value: Any) -> str:
    """Write one figure of any kind, empty where there is nothing to say."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(round(value, 3))
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={part}" for name, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
