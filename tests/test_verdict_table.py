"""The verdict decides at the paper's length alone, and only where every control was run."""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks.documented.verdict_table import verdict_table


def group(method: str, share: float = 1.0, seeds: int = 5, **against: tuple[float, bool]) -> dict[str, Any]:
    """Return a group of Table 1 with a difference, and whether it holds, for each control."""
    return {
        "table": "table1",
        "network": "dnn",
        "target": "tampere",
        "method": method,
        "train_fraction": 1.0,
        "share_of_paper_length": share,
        "seeds": [*range(seeds)],
        "converged": True,
        "against": {
            name: {"mean": mean, "low": mean - 0.1, "high": mean + 0.1, "holds": holds}
            for name, (mean, holds) in against.items()
        },
    }


def verdicts(*groups: dict[str, Any]) -> list[str]:
    """Return the last cell of each row."""
    return [line.strip("| ").split(" | ")[-1] for line in verdict_table(groups)[2:]]


GAIN, LOSS, NOTHING = (-0.5, True), (0.5, True), (-0.05, False)


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (group("paper", own=GAIN, control=GAIN, shuffled=GAIN), "reproduced"),
        (group("paper", own=GAIN, control=NOTHING, shuffled=GAIN), "not reproduced"),
        (group("paper", own=LOSS, control=LOSS), "not reproduced"),
        (group("sequential", own=NOTHING, control=NOTHING), "reproduced"),
        (group("sequential", own=GAIN, control=GAIN), "not reproduced"),
        (group("paper", share=0.05, own=GAIN, control=GAIN), "not decidable: shorter"),
        (group("paper", seeds=2, own=GAIN, control=GAIN), "not decidable: not finished"),
        (group("paper", own=GAIN), "not decidable: not finished"),
        (group("paper", own=GAIN, control=GAIN) | {"converged": False}, "not decidable: not converged"),
    ],
)
def test_verdict_follows_from_length_seeds_and_controls(one: dict[str, Any], verdict: str) -> None:
    assert verdicts(one) == [verdict]


def test_rows_of_a_claim_stand_together_the_longest_first() -> None:
    lines = verdict_table([group("paper", 0.05, own=NOTHING), group("paper", own=NOTHING), group("default")])
    assert [line.split(" | ")[1:3] for line in lines[2:]] == [
        ["default", "100 %"],
        ["paper", "100 %"],
        ["paper", "5 %"],
    ]
    assert "-0.05 [-0.15, +0.05]" in lines[3]
    assert "**" not in lines[3]
    assert "**-0.50" in verdict_table([group("paper", own=GAIN)])[2]
