"""Numbers, intervals, lists and the user's own text, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.markup import escape

if TYPE_CHECKING:  # only named in signatures: showing data sets does not wait for PyTorch
    from tutelage.evaluation.plan import Estimate
    from tutelage.statistics import Difference

__all__ = ["counted", "few", "in_words", "interval", "number", "plain"]

_SHOWN = 6  # rows or names of a finding


def plain(text: str) -> str:
    """Text of the user's, safe to print where markup is understood."""
    return escape(text)


def counted(n: int, what: str) -> str:
    """How many there are of what is named in the singular."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def number(value: float | int | None) -> str:
    """A count in full, a measure with two decimals, "-" where there is none."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, (int, np.integer)) else f"{value:.2f}"


def interval(difference: Difference | Estimate) -> str:
    """Both ends of a 95 % interval."""
    return f"{difference.low:.2f} to {difference.high:.2f}"


def few(names: Sequence[object]) -> str:
    """The first of the names, and how many more there are."""
    shown = ", ".join(map(str, names[:_SHOWN]))
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN:,} more"


def in_words(value: Any) -> str:
    """One figure of any kind on one line, empty where there is nothing to say."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={of_name}" for name, of_name in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
