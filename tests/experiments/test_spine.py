"""The spine: its cells, its page, and a run that is killed and continued."""

from __future__ import annotations

import signal
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
import small_spine
from small_spine import SOURCE, TARGET

from tutelage.errors import UnknownNameError
from tutelage.experiments import spine
from tutelage.experiments.models import QUALITY
from tutelage.experiments.reproduce import reproduce

TEACHER = dict.fromkeys(QUALITY, "1.5") | {
    "source": "tampere", "recipe": "default", "budget": "standard", "seed": "0",
}  # fmt: skip


def row(
    method: str, seed: int, mae_m: float, recipe: str = "default", network: str = "dnn"
) -> dict[str, str]:
    figures = {name: str(mae_m) for name in ("mae_m", "median_m", "p75_m", "p95_m")}
    named = {"target": "ujiindoorloc", "network": network, "method": method, "recipe": recipe}
    return {**named, **figures, "seed": str(seed), "budget": "standard", "train_seconds": "12"}


# -- the cells ------------------------------------------------------------------------------------------


def test_every_seed_has_every_method_on_both_targets() -> None:
    cells = list(spine.cells())
    assert len(cells) == len(set(cells)) == 3 * 2 * 7
    methods = {(c.target, c.method, c.recipe, c.seed) for c in cells if c.network == "dnn"}
    assert methods == set(
        product(spine.TARGETS, ("none", "untrained", "taught"), ("default", "paper"), spine.SEEDS)
    )
    assert [c.seed for c in cells] == sorted(c.seed for c in cells)


def test_only_taught_cells_have_a_source_and_it_is_the_other_building() -> None:
    for cell in spine.cells():
        assert bool(cell.sources) == (cell.method == "taught")
        assert cell.sources != cell.target


@pytest.mark.parametrize(("table", "budget"), [("spin", "quick"), ("spine", "quik")])
def test_unknown_table_or_budget_is_refused_before_anything_is_made(
    tmp_path: Path, table: str, budget: str
) -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean (spine|quick)"):
        reproduce(table, tmp_path / "results", budget=budget)
    assert list(tmp_path.iterdir()) == []


# -- the page -------------------------------------------------------------------------------------------


def test_page_shows_every_seed_and_its_spread() -> None:
    rows = [row("none", 1, 12.0), row("none", 0, 10.0)]
    page = spine.page(rows, [TEACHER], "standard")
    assert "| default | DNN, own data only | 11.00 ± 1.41 | 10.00 / 12.00 |" in page
    assert "about 4,000 updates a stage" in page
    assert "| tampere | default | 0 | 1.50 |" in page
    assert "printed: DNN alone | 14.04" in page


@pytest.mark.parametrize(
    ("taught", "said"),
    [
        ((9.0, 10.0), "gains 1.50 ± 0.71 m against own data only (better in 2 of 2 seeds)"),
        ((11.0, 13.0), "gains -1.00 ± 0.00 m against own data only (better in 0 of 2 seeds)"),
        ((9.0, 13.0), "0.00 ± 1.41 m against the untrained teacher (better in 1 of 2 seeds)"),
    ],
)
def test_sentence_follows_from_paired_seeds(taught: tuple[float, float], said: str) -> None:
    rows = [
        row(method, seed, error)
        for method, errors in (("none", (10.0, 12.0)), ("untrained", (10.0, 12.0)), ("taught", taught))
        for seed, error in enumerate(errors)
    ]
    rows.append(row("taught", 2, 1.0))  # without its controls it must not count
    assert said in spine.page(rows, [], "standard")


def test_page_without_controls_says_nothing() -> None:
    assert "gains" not in spine.page([row("taught", 0, 9.0)], [], "standard")


# -- a run ----------------------------------------------------------------------------------------------


def test_killed_reproduce_leaves_no_process_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The workers share the standard output: run() returns once they are gone too.
    program = [sys.executable, small_spine.__file__, str(tmp_path)]
    killed = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    teachers, models = tmp_path / "spine_teachers.csv", tmp_path / "spine.csv"
    done, (teacher,) = teachers.read_bytes(), (tmp_path / "teachers").iterdir()
    made_at = teacher.stat().st_mtime_ns
    (knn,) = models.read_text().splitlines()[1:]

    small_spine.patch(monkeypatch.setitem)
    page, rows = reproduce("spine", tmp_path, budget="quick")
    assert [row["method"] for row in rows] == ["none", "taught"]
    assert teachers.read_bytes() == done
    assert teacher.stat().st_mtime_ns == made_at
    lines = models.read_text().splitlines()
    assert lines[1] == knn
    assert lines[2].startswith(f"spine,{TARGET},{SOURCE},dnn,taught,default,quick,0,")
    assert (tmp_path / "spine.md").read_text(encoding="utf-8") == page
    assert "DNN, teacher from the other building" in page

    before = models.read_bytes()
    assert reproduce("spine", tmp_path, budget="quick") == (page, rows)
    assert models.read_bytes() == before
