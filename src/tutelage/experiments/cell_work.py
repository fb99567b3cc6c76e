"""What a worker does: make a teacher, or fit and evaluate a model. It reads data sets, writes nothing."""

from __future__ import annotations

import math
import subprocess
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.splits import reference_points, split_by_position
from tutelage.data.surveys import load
from tutelage.errors import TrainingDivergedError
from tutelage.evaluation import evaluate
from tutelage.experiments.budgets import table_budget
from tutelage.experiments.cells import Cell, TeacherCell, pretraining_recipe
from tutelage.experiments.compared_methods import BLEND, BOUND, KNN, MATCHER, WITH_MATCHER
from tutelage.localizer import Localizer
from tutelage.methods.knn import best_settings
from tutelage.methods.matcher import PretrainedMatcher, pretrain
from tutelage.paper.expert_training import Quality, Teacher, teach
from tutelage.training import RunOptions, device_name

__all__ = ["FitJob", "Fitted", "Taught", "TeachJob", "fit_cell", "teach_cell"]

_HELD_OUT = 0.2
_NO_RADII = {"coverage": "", "radius_m": ""}
_DRAW, _PERMUTE = 1, 2  # set these random numbers apart from those of the training


@dataclass(frozen=True)
class TeachJob:
    """A teacher to make, and where the data sets are."""

    cell: TeacherCell
    data_dir: str | None


@dataclass(frozen=True)
class FitJob:
    """A model to fit, the content of its teachers' files, and where the data sets are."""

    cell: Cell
    teachers: tuple[bytes, ...]
    data_dir: str | None


@dataclass(frozen=True)
class Taught:
    """The content of a teacher's file, and its figures."""

    content: bytes
    figures: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model's figures, and its error on each scan of the test split in metres (NaN: no position)."""

    errors_m: np.ndarray
    figures: dict[str, Any]


def teach_cell(job: TeachJob) -> Taught:
    """Expert Training on a source building, or on its scans at permuted locations; or a pretrained matcher."""
    cell = job.cell
    if cell.network == MATCHER:
        return _teach_matcher(job)
    survey = load(cell.source, data_dir=job.data_dir)
    if cell.permuted:
        survey = replace(survey, name=f"{survey.name}-permuted", train=permuted(survey.train, cell.seed))
    began = time.monotonic()
    options = RunOptions(seed=cell.seed, budget=table_budget(cell.budget).length(cell.network))
    teacher = teach(survey, cell.network, recipe=cell.recipe, options=options)
    quality = teacher.card.quality.model_dump() if teacher.card.quality else {}
    return Taught(teacher.to_bytes(), quality | _cost(began))


def _teach_matcher(job: TeachJob) -> Taught:
    cell, began = job.cell, time.monotonic()
    sources = [load(source, data_dir=job.data_dir) for source in cell.sources]
    teacher = pretrain(sources, pretraining_recipe(cell.budget), RunOptions(seed=cell.seed))
    return Taught(teacher.to_bytes(), dict.fromkeys(Quality.model_fields, "") | _cost(began))


def fit_cell(job: FitJob) -> Fitted:
    """Fit one model and evaluate it once; a training that diverged has no positions."""
    cell = job.cell
    survey = load(cell.target, data_dir=job.data_dir)
    survey = with_held_out(survey) if cell.held_out else survey
    survey = replace(survey, train=drawn(survey.train, cell.train_fraction, cell.seed, cell.whole_points))
    model = _localizer(job, survey)
    began = time.monotonic()
    try:
        model.fit(survey)
    except TrainingDivergedError:  # a result like another: of a method, not of the command
        return _diverged(survey, {**_cost(began), **_where(cell)})
    cost, radii = _cost(began), _radii(model, survey)
    found = evaluate(model, survey)
    known = {name: value for name, value in found.figures().items() if isinstance(value, float)}
    figures = {name: round(value, 3) for name, value in known.items()}
    return Fitted(found.errors_m, {"n_test": len(found), **figures, **cost, **radii, **_where(cell)})


def _radii(model: Localizer, survey: Survey) -> dict[str, Any]:
    """Of a calibrated model, the share of test scans within their 95 % radius, and the median radius.

    Its errors are then of all scans, as of the others: the calibration, which refuses some, is taken off.
    """
    if model.calibration_ is None:
        return _NO_RADII
    found, model.calibration_ = evaluate(model, survey).figures(), None
    return {name: "" if (value := found[name]) is None else round(value, 4) for name in _NO_RADII}


def _diverged(survey: Survey, cost: dict[str, Any]) -> Fitted:
    """No position for any scan, and errors without end."""
    n_test = len(survey.train if survey.test is None else survey.test)
    figures = dict.fromkeys(("mae_m", "median_m", "p75_m", "p95_m"), math.inf)
    return Fitted(np.full(n_test, np.nan), {"n_test": n_test, **figures, **cost, **_NO_RADII})


def _where(cell: Cell) -> dict[str, str]:
    """What the cell ran on: its seconds mean little without."""
    return {"device": device_name("cpu" if cell.network == KNN else "auto")}


def _localizer(job: FitJob, target: Survey) -> Localizer:
    cell = job.cell
    if cell.network == KNN:
        return Localizer(
            KNN, settings=_known_best(target) if cell.method == BOUND else {}, seed=cell.seed, calibrate=False
        )
    if cell.network in WITH_MATCHER:
        return _with_matcher(job)
    how, length = cell.how, table_budget(cell.budget).length(cell.network)
    sources: list[Survey | FingerprintSet] = [
        target if source == cell.target else load(source, data_dir=job.data_dir)
        for source in cell.sources
        if how.transfer
    ]
    files = [Teacher.from_bytes(content) for content in job.teachers]
    return Localizer(
        cell.network,
        teachers=list(cell.sources) if how.kind == "untrained" else files,
        transfer=how.kind if how.kind in ("sequential", "collective") else "none",
        sources=sources,
        recipe=how.recipe,
        settings=cell.settings,
        budget=length,
        seed=cell.seed,
        calibrate=False,
    )


def _known_best(target: Survey) -> dict[str, Any]:
    """The k-NN settings with the smallest error on the test split."""
    test = target.train if target.test is None else target.test
    return best_settings([(target.train, test[test.n_heard > 0])], {})[0].model_dump()


def _with_matcher(job: FitJob) -> Localizer:
    cell = job.cell
    matchers = [PretrainedMatcher.from_bytes(content, name="the teacher") for content in job.teachers]
    return Localizer(
        cell.network,
        teachers=matchers or ("untrained" if cell.how.kind == "untrained" else "none"),
        settings=cell.settings,
        budget=table_budget(cell.budget).length(cell.network) if cell.network == BLEND else None,
        seed=cell.seed,
        calibrate=cell.network == BLEND and cell.train_fraction == 1,  # there the trial costs nothing more
    )


def with_held_out(survey: Survey) -> Survey:
    """A fifth of the training reference points in the place of the test split; the same for every cell."""
    heard = survey.train[survey.train.n_heard > 0]
    rest, held = split_by_position(heard, _HELD_OUT)
    return replace(survey, train=heard[rest], test=heard[held])


def drawn(scans: FingerprintSet, fraction: float, seed: int, whole_points: bool = False) -> FingerprintSet:
    """A random share of the scans, in their order (Paper, Appendix C), or of the points; at least two.

    With `whole_points` a reference point that is drawn keeps all its scans.
    """
    if fraction == 1:
        return scans
    of = reference_points(scans) if whole_points else np.arange(len(scans))
    n_groups = int(of.max(initial=-1)) + 1
    n = max(2, int(fraction * n_groups))
    chosen = np.random.default_rng((seed, _DRAW)).choice(n_groups, size=n, replace=False)
    return scans[np.flatnonzero(np.isin(of, chosen))]


def permuted(scans: FingerprintSet, seed: int) -> FingerprintSet:
    """The same scans, each at the position of another one drawn at random."""
    order = np.random.default_rng((seed, _PERMUTE)).permutation(len(scans))
    return replace(scans, position_m=scans.known_position_m[order])


def _cost(began: float) -> dict[str, Any]:
    return {"train_seconds": round(time.monotonic() - began, 1), "commit": code_version()}


def code_version() -> str:
    """The commit that the code runs from, or the package's version where there is no repository."""
    here = Path(__file__)
    git = ("git", "-C", str(here.parent))
    try:
        # An environment inside somebody else's repository is not ours.
        subprocess.run([*git, "ls-files", "--error-unmatch", here.name], capture_output=True, check=True)
        head = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        )
        return head.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return version("tutelage")
