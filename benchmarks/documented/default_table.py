"""Table of the default beside its matcher and k-NN on many surveys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.documented.page_blocks import Row, table_lines

__all__ = ["default_lines"]

_LEVEL = 0.02  # so far behind, the default is the worse choice


def default_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Return how often the default is the worse choice, and the errors on each survey."""
    errors: dict[str, dict[str, float]] = {}
    shares = {row["survey"]: float(row["network_share"]) for row in rows if row["method"] == "default"}
    for row in rows:
        errors.setdefault(row["survey"], {})[row["method"]] = float(row["mae_m"])
    behind = {name: [_ahead(each, other) for other in ("matcher", "knn")] for name, each in errors.items()}
    worse = {name: gains for name, gains in behind.items() if min(gains) < -_LEVEL}
    yield (
        f"On {len(errors)} surveys, one seed, the default is more than 2 % behind its matcher or k-NN "
        f"{_where(worse)}. It has a network on {sum(share > 0 for share in shares.values())} of them."
    )
    yield ""
    head = ["survey", "k-NN (m)", "matcher (m)", "default (m)", "share of the network"]
    yield from table_lines([*head, "beside the matcher", "beside k-NN"], _table(errors, shares, behind))


def _ahead(errors: dict[str, float], other: str) -> float:
    """Return by what share the default is ahead of another method; below 0 it is behind."""
    return 1 - errors["default"] / errors[other]


def _where(worse: dict[str, list[float]]) -> str:
    if not worse:
        return "nowhere"
    shown = "; ".join(f"{name} ({min(gains):+.1%})" for name, gains in worse.items())
    return f"on {len(worse)}: {shown}"


def _table(
    errors: dict[str, dict[str, float]], shares: dict[str, float], ahead: dict[str, list[float]]
) -> Iterable[list[str]]:
    for name, each in errors.items():
        metres = [f"{each[method]:.2f}" for method in ("knn", "matcher", "default")]
        share = f"{shares[name]:.2f}" if shares[name] else "none"
        yield [name, *metres, share, *(f"{gain:+.1%}" for gain in ahead[name])]
