"""Both phases in both directions between UJIIndoorLoc and Tampere, with the controls.

`tutelage reproduce spine` makes `spine.csv` (a row a seed), `spine_teachers.csv` (a row a teacher) and
`spine.md`. A finished cell is never run again, so the command can be stopped and started at will.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tutelage.datasets import load
from tutelage.errors import UnknownNameError
from tutelage.evaluation import evaluate
from tutelage.experiments.cells import CellFile, Row, code_version, run_cells
from tutelage.experiments.spine_table import spine_markdown
from tutelage.files import replaced_file
from tutelage.fingerprints import Survey
from tutelage.localizer import Localizer
from tutelage.teaching import Teacher, teach
from tutelage.training import Budget, RunOptions, steps_per_epoch

__all__ = ["Cell", "SpineRun", "cells", "reproduce"]

TARGETS = ("ujiindoorloc", "tampere")
SEEDS = (0, 1, 2)
STEPS = {"standard": 4000, "quick": 60}

KEY = ("experiment", "target", "sources", "network", "method", "recipe", "budget", "seed")
COST = ("train_seconds", "commit")
FIGURES = ("n_test", "mae_m", "median_m", "p75_m", "p95_m", *COST)
TEACHER_KEY = ("source", "network", "recipe", "budget", "seed")
QUALITY = (
    "source_mae_m",
    "generator_mae_m",
    "centroid_mae_m",
    "angular_similarity",
    "spread",
    "diversity",
)


@dataclass(frozen=True)
class Cell:
    """One model to fit and evaluate.

    Parameters
    ----------
    target, sources : data sets; `sources` is "" without a trained teacher
    network : "knn" or "dnn"
    method : "none", "untrained" (teacher) or "taught"
    recipe : "paper" or "default", "" for k-NN
    seed : of the split, the network, the teacher
    """

    target: str
    sources: str
    network: str
    method: str
    recipe: str
    seed: int


def cells() -> Iterator[Cell]:
    """All cells, seed by seed, so that a stopped run has whole seeds."""
    for seed in SEEDS:
        for target, source in (TARGETS, TARGETS[::-1]):
            yield Cell(target, "", "knn", "none", "", seed)
            for recipe in ("default", "paper"):
                yield Cell(target, "", "dnn", "none", recipe, seed)
                yield Cell(target, "", "dnn", "untrained", recipe, seed)
                yield Cell(target, source, "dnn", "taught", recipe, seed)


def reproduce(
    table: str,
    out: Path,
    *,
    budget_name: str = "standard",
    jobs: int = 1,
    data_dir: str | Path | None = None,
) -> tuple[str, list[dict[str, str]]]:
    """Run the cells that are not finished yet and write the table.

    Parameters
    ----------
    table : "spine"
    out : folder for results
    budget_name : "standard" (4,000 updates a stage, in either recipe) or "quick"
    jobs : cells at a time, each in a process with one thread; the figures do not depend on it
    data_dir : folder of public data sets

    Returns
    -------
    page, rows : the Markdown page, and the rows of this budget that it was made from

    Raises
    ------
    UnknownNameError
        If there is no such table or budget.
    """
    if table != "spine":
        raise UnknownNameError("table", table, ["spine"])
    if budget_name not in STEPS:
        raise UnknownNameError("budget", budget_name, STEPS)
    (out / "teachers").mkdir(parents=True, exist_ok=True)
    run = SpineRun(budget_name, out / "teachers", data_dir)
    results = CellFile(out / "spine.csv", KEY, (*KEY, *FIGURES))
    teachers = CellFile(out / "spine_teachers.csv", TEACHER_KEY, (*TEACHER_KEY, *QUALITY, *COST))
    all_cells = list(cells())
    sources = dict.fromkeys(c for c in all_cells if c.method == "taught")
    run_cells("teachers", run.make_teacher, run.teacher_key, sources, teachers, jobs)
    run_cells("models", run.make_model, run.model_key, all_cells, results, jobs)
    rows, made = ([row for row in file.rows if row["budget"] == budget_name] for file in (results, teachers))
    page = spine_markdown(rows, made, budget_name, STEPS[budget_name])
    with replaced_file(out / "spine.md") as beside:
        beside.write_text(page, encoding="utf-8")
    return page, rows


@dataclass(frozen=True)
class SpineRun:
    """What every cell shares; small, because it travels to the worker processes.

    Parameters
    ----------
    budget : name of the budget
    teacher_dir : where teacher files are kept between cells
    data_dir : folder of public data sets
    """

    budget: str
    teacher_dir: Path
    data_dir: str | Path | None

    def teacher_key(self, cell: Cell) -> dict[str, str | int]:
        """Key columns of the teacher that `cell` learns from."""
        return {
            "source": cell.sources,
            "network": cell.network,
            "recipe": cell.recipe,
            "budget": self.budget,
            "seed": cell.seed,
        }

    def model_key(self, cell: Cell) -> dict[str, str | int]:
        """Key columns of a model."""
        return {"experiment": "spine", "budget": self.budget, **asdict(cell)}

    def make_teacher(self, cell: Cell) -> Row:
        """Train the teacher that `cell` needs, keep its file, return its figures."""
        survey = load(cell.sources, data_dir=self.data_dir)
        began = time.monotonic()
        options = RunOptions(seed=cell.seed, budget=Budget(self._epochs(survey)))
        teacher = teach(survey, cell.network, recipe=cell.recipe, options=options)
        teacher.save(self._teacher_file(cell))
        quality = teacher.card.quality.model_dump() if teacher.card.quality else {}
        return self.teacher_key(cell) | quality | _cost(began)

    def make_model(self, cell: Cell) -> Row:
        """Fit one model and open the target's test split once."""
        survey = load(cell.target, data_dir=self.data_dir)
        if cell.method == "taught" and not self._teacher_file(cell).exists():
            self.make_teacher(cell)  # its figures are kept with the results, its file need not be
        began = time.monotonic()
        if cell.network == "knn":
            model = Localizer("knn", seed=cell.seed)
        else:
            teachers: dict[str, list[Teacher | str | Path]] = {
                "none": [],
                "untrained": ["untrained"],
                "taught": [self._teacher_file(cell)],
            }
            model = Localizer(
                cell.network,
                teachers=teachers[cell.method],
                recipe=cell.recipe,
                epochs=self._epochs(survey),
                seed=cell.seed,
            )
        model.fit(survey)
        cost = _cost(began)
        figures = evaluate(model, survey).figures()
        shown = {
            name: round(value, 3) for name, value in figures.items() if name in FIGURES and value is not None
        }
        return self.model_key(cell) | {"n_test": figures["n"]} | shown | cost

    def _teacher_file(self, cell: Cell) -> Path:
        return self.teacher_dir / ("-".join(map(str, self.teacher_key(cell).values())) + ".teacher")

    def _epochs(self, survey: Survey) -> int:
        """Epochs that make about the budget's number of updates."""
        return max(1, round(STEPS[self.budget] / steps_per_epoch(len(survey.train), 128)))


def _cost(began: float) -> Row:
    return {"train_seconds": round(time.monotonic() - began, 1), "commit": code_version()}
