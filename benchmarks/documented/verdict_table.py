"""The verdict: each claim of the paper beside what was run, and what the runs decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.documented.page_blocks import Row, table_lines

__all__ = ["verdict_table"]

_NETWORK, _TARGET = "dnn", "tampere"
_CONTROLS = ("own", "control", "shuffled")


class _Claim(NamedTuple):
    """What the paper says, and the rows that show it, of the DNN on Tampere."""

    words: str
    table: str
    methods: tuple[str, ...]
    says_better: bool = True
    fraction: float = 1.0


def _in_each_recipe(name: str) -> tuple[str, ...]:
    return (name, f"{name}_paper", f"{name}_printed")


_TAUGHT = ("default", "paper", "printed")
_CLAIMS = (
    _Claim("Teachers make a network better (Table 1)", "table1", _TAUGHT),
    _Claim("Sequential transfer does not (Table 1, \\*)", "table1", _in_each_recipe("sequential"), False),
    _Claim("Collective transfer does not (Table 1, \\*\\*)", "table1", _in_each_recipe("collective"), False),
    _Claim("J_Sim alone helps (Table 2)", "table2", _in_each_recipe("sim")),
    _Claim("J_MI alone helps (Table 2)", "table2", _in_each_recipe("mi")),
    _Claim("J_FI alone helps (Table 2)", "table2", _in_each_recipe("fi")),
    _Claim("Teachers help most with little data (Table 4)", "table4", _TAUGHT, fraction=0.1),
)


def verdict_table(groups: Sequence[Row]) -> list[str]:
    """Return a row for each claim, recipe and length, with the difference to each control.

    Parameters
    ----------
    groups : sequence of mapping
        Groups of the tables at every length, each with the name of its table.

    Returns
    -------
    list of str
        Lines of the table.
    """
    head = [
        "the paper says",
        "recipe",
        "of its length",
        "seeds",
        "against own data (m)",
        "against its control",
    ]
    head += ["against permuted teachers", "verdict"]
    return table_lines(head, [line for claim in _CLAIMS for line in _lines(claim, groups)])


def _lines(claim: _Claim, groups: Sequence[Row]) -> Iterator[list[str]]:
    words = claim.words
    for method in claim.methods:
        found = [
            group
            for group in groups
            if (group["table"], group["network"], group["target"]) == (claim.table, _NETWORK, _TARGET)
            and group["method"] == method
            and group["train_fraction"] == claim.fraction
        ]
        for group in sorted(found, key=lambda each: -float(each["share_of_paper_length"])):
            yield [
                words,
                next((recipe for recipe in ("paper", "printed") if method.endswith(recipe)), "default"),
                f"{100 * group['share_of_paper_length']:.0f} %",
                str(len(group["seeds"])),
                *(_difference(group["against"].get(control)) for control in _CONTROLS),
                _verdict(claim, group),
            ]
            words = ""


def _difference(comparison: Row | None) -> str:
    if comparison is None:
        return "-"
    words = f"{comparison['mean']:+.2f} [{comparison['low']:+.2f}, {comparison['high']:+.2f}]"
    return f"**{words}**" if comparison["holds"] else words


def _verdict(claim: _Claim, group: Row) -> str:
    """Decide only at the paper's length, and only against every control that was run."""
    if not group["converged"]:
        return "not decidable: not converged"
    if group["share_of_paper_length"] < 1:
        return "not decidable: shorter"
    against = group["against"]
    if len(group["seeds"]) < 3 or not {"own", "control"} <= against.keys():
        return "not decidable: not finished"
    is_better = all(each["holds"] and each["mean"] < 0 for name, each in against.items() if name in _CONTROLS)
    return "reproduced" if is_better == claim.says_better else "not reproduced"
