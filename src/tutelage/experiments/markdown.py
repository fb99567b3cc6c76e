"""Figures as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, stdev

__all__ = ["with_spread"]


def with_spread(values: Sequence[float]) -> str:
    """Mean and, of several, their standard deviation."""
    return f"{mean(values):.2f}" + (f" ± {stdev(values):.2f}" if len(values) > 1 else "")
