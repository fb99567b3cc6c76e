"""The comparison of generators: its plan, what is kept of it, and its page."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tutelage.errors import BadInputError, TutelageError, UnknownNameError
from tutelage.experiments import generators
from tutelage.experiments.cell_work import TaughtCell, TeachJob
from tutelage.experiments.executors import LocalProcesses
from tutelage.experiments.generator_page import GeneratorComparison
from tutelage.experiments.generators import compare_generators, plan_teachers
from tutelage.experiments.paper_tables import Request
from tutelage.paper.expert_training import teaching_recipe

REQUEST = Request(sources=("tampere",), n_seeds=2)
pytestmark = pytest.mark.real_data  # the plan asks which buildings are here


@dataclass
class MadeUp:
    """An executor whose teachers have an error of 1 / b2 and a Fréchet distance of b2."""

    stop_after: int = 10**9
    made: list[str] = field(default_factory=list)

    def results(
        self, _: Callable[..., Any], jobs: Sequence[TeachJob], report: Callable[[str], None]
    ) -> Iterator[tuple[TeachJob, TaughtCell]]:
        del report
        for job in jobs:
            if len(self.made) == self.stop_after:
                raise KeyboardInterrupt
            self.made.append(job.cell.hash)
            weight = dict(job.cell.settings)["weight_mae"]
            figures = dict.fromkeys(
                ("source_mae_m", "centroid_mae_m", "angular_similarity", "diversity"), 0.5
            )
            measured = {"generator_mae_m": 1 / weight + job.cell.seed, "spread": 0.5, "frechet": weight}
            cost = {"train_seconds": 2.0, "commit": "abc1234"}
            yield job, TaughtCell(b"", figures | measured | {"nearest": 1.5} | cost)


def made_up(out: Path, executor: Any, request: Request = REQUEST) -> GeneratorComparison:
    return compare_generators(out, executor, request, progress=False)


def test_plan_has_every_generator_of_three_buildings_and_each_has_a_hash_of_its_own() -> None:
    cells = plan_teachers(Request())
    assert len({cell.hash for cell in cells}) == len(cells) == 2 * 2 * 6 * 3 * 3
    assert {cell.source for cell in cells} == {"tampere", "tut6", "dsi1"}
    for cell in cells:
        recipe = teaching_recipe(cell.recipe, dict(cell.settings))
        changed = {name: getattr(recipe, name) for name in ("generator", "loss_unit", "weight_mae")}
        assert changed == dict(cell.settings)
    weights = sorted({dict(cell.settings)["weight_mae"] for cell in cells})
    assert weights[-1] / weights[0] == pytest.approx(1e5)
    assert {cell.seed for cell in plan_teachers(Request("quick"))} == {0}


def test_teacher_without_settings_keeps_the_hash_that_it_had() -> None:
    (first, *_) = plan_teachers(REQUEST)
    plain = type(first)("tampere", "dnn", "default", False, "standard", 0)
    same = type(first)("tampere", "dnn", "default", False, "standard", 0, (("weight_mae", 1.0),))
    assert plain.hash == same.hash != first.hash


def test_finished_teachers_are_kept_and_never_made_again(tmp_path: Path) -> None:
    stopped = MadeUp(stop_after=7)
    with pytest.raises(KeyboardInterrupt):
        made_up(tmp_path, stopped)
    rest = MadeUp()
    comparison = made_up(tmp_path, rest)
    assert len(stopped.made) == 7
    assert sorted(stopped.made + rest.made) == sorted(cell.hash for cell in plan_teachers(REQUEST))
    again = MadeUp()
    assert made_up(tmp_path, again) == comparison
    assert again.made == []
    with (tmp_path / "generators.csv").open(encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == list(made_up(tmp_path, again).rows)
    assert len(comparison.rows) == 48


def test_pages_show_means_over_seeds_and_name_the_best_weights(tmp_path: Path) -> None:
    comparison = made_up(tmp_path, MadeUp())
    page = (tmp_path / "generators-tampere-2-seeds.md").read_text(encoding="utf-8")
    assert page == comparison.markdown()
    assert "`tutelage reproduce generators --sources tampere --seeds 2`, budget standard" in page
    (line,) = [line for line in page.splitlines() if line.startswith("| location | metres | 0.1 |")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[3] == "10.50"  # of 10 and 11 m
    assert cells[-1] == "2"
    assert (
        "- Tampere, location: the smallest error is 0.60 m (b2 = 10, metres), the smallest Fréchet distance "
        "0.00 (b2 = 0.0001, metres)." in page
    )
    plain = json.loads((tmp_path / "generators-tampere-2-seeds.json").read_text(encoding="utf-8"))
    assert len(plain["teachers"]) == 48
    html = (tmp_path / "generators-tampere-2-seeds.html").read_text(encoding="utf-8")
    assert 'id="frechet-0"' in html
    assert '"name":"location, standardised"' in html


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        (Request(targets=("tampere",)), BadInputError, "neither targets nor methods; .* by --sources"),
        (Request(methods=("none",)), BadInputError, "neither targets nor methods"),
        (Request(networks=("knn",)), BadInputError, "knn has no surrogate teachers"),
        (Request(sources=("tampera",)), UnknownNameError, "source 'tampera'.*mean tampere"),
        (Request(budget="quik"), UnknownNameError, "unknown budget 'quik'"),
    ],
)
def test_request_that_cannot_be_made_is_refused(
    request_: Request, error: type[TutelageError], words: str
) -> None:
    with pytest.raises(error, match=words):
        plan_teachers(request_)


@pytest.mark.slow
def test_teachers_are_made_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"generator": ("unconditional", "location"), "loss_unit": ("metres",), "weight_mae": (1.0,)}
    monkeypatch.setattr(generators, "SETTINGS", few)
    request = Request("quick", sources=("tampere",))
    comparison = compare_generators(tmp_path, LocalProcesses(1), request, progress=False)
    by_kind = {row["generator"]: row for row in comparison.rows}
    assert float(by_kind["location"]["generator_mae_m"]) < float(by_kind["unconditional"]["generator_mae_m"])
    assert all(float(row["frechet"]) > 0 and float(row["nearest"]) > 0 for row in comparison.rows)
