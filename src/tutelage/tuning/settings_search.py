"""The search: trials of settings, each trained on a part of the training scans and scored on the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError, TrainingDivergedError
from tutelage.methods.fit_plan import AnySurvey, fit_plan, training_set
from tutelage.methods.network import network_lesson
from tutelage.methods.teacher_names import TeacherNames, with_zoo_teachers
from tutelage.networks import NetworkFile, NetworkSpec, SearchRecord, network_choice, split_settings
from tutelage.paper.expert_distilling import DistillingRecipe, TeacherChoice, distilling_recipe
from tutelage.training import Budget, RunOptions, named_run, resolve_device
from tutelage.tuning.search_spaces import DEFAULTS, Plan, default_spaces, search_plan
from tutelage.tuning.study_file import finished_trials, open_study
from tutelage.tuning.trial_scoring import ScoreFunction, held_out_score

__all__ = ["tune"]

_SHARE_OF_UPDATES = 4  # a trial is this part of the recipe's length
_SETTINGS = "settings"  # attributes of a trial
_REFUSED = "refused"


@dataclass(frozen=True)
class _Search:
    """Everything that a search depends on, checked.

    Parameters
    ----------
    target, data_hash : str
        Name and content hash of the training data.
    spec : NetworkSpec
    spaces : tuple of str
        Names of the search spaces.
    plan : Plan
        The settings that they vary.
    base : mapping
        Settings of network and recipe; those of a trial override them.
    recipe_name : str
    recipe : DistillingRecipe
        Recipe of the first trial.
    teachers : sequence of Teacher or "untrained"
        Teachers of every trial.
    budget : Budget
        Length of a trial.
    seed : int
        Random seed of the split, of every trial's training and of the search.
    """

    target: str
    data_hash: str
    spec: NetworkSpec
    spaces: tuple[str, ...]
    plan: Plan
    base: Mapping[str, Any]
    recipe_name: str
    recipe: DistillingRecipe
    teachers: Sequence[TeacherChoice]
    budget: Budget
    seed: int

    def lesson(self, trial_settings: Mapping[str, Any]) -> tuple[dict[str, Any], DistillingRecipe]:
        """Give the settings of the network, and the recipe, of a trial."""
        network_settings, recipe_settings = self._split({**self.base, **trial_settings})
        return network_settings, distilling_recipe(self.recipe_name, recipe_settings, self.spec)

    def changes(self, trial_settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give a trial's changes to the network's and the recipe's own settings, in their own types."""
        network_settings, recipe = self.lesson(trial_settings)
        network_values = self.spec.settings(network_settings)
        recipe_values = recipe.model_dump()
        _, recipe_settings = self._split({**self.base, **trial_settings})
        return (
            {name: network_values[name] for name in network_settings},
            {name: recipe_values[name] for name in recipe_settings},
        )

    def _split(self, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        return split_settings(self.spec, DistillingRecipe.model_fields, settings)

    def identity(self) -> dict[str, Any]:
        """Give the values by which a study file is recognised as one of this search."""
        network, recipe = self.changes({})
        return {
            "network": self.spec.name,
            "target data": self.data_hash,
            "search": list(self.spaces),
            "recipe": self.recipe_name,
            "settings": {**network, **recipe},
            "teachers": [
                t if isinstance(t, str) else [t.card.source, t.content_hash()] for t in self.teachers
            ],
            "epochs": self.budget.epochs,
            "minutes": self.budget.minutes,
            "updates": self.budget.updates,
            "seed": self.seed,
        }


def tune(
    survey: AnySurvey,
    network: str = "dnn",
    *,
    spaces: Sequence[str] = (),
    teachers: TeacherNames = (),
    recipe: str | None = None,
    settings: Mapping[str, Any] | None = None,
    n_trials: int = 30,
    study_file: str | Path | None = None,
    run: RunOptions | None = None,
) -> NetworkFile:
    """Search for better settings of a network by Bayesian optimisation, on training scans alone.

    One reference point in five is held out. A trial trains on the rest, and its score is the mean 2-D error
    on the held-out points. The first trial changes nothing. A trial is stopped early if it is worse than the
    median of earlier trials at the same tenth of their training. The result depends on the arguments alone,
    unless the length is in minutes. A search that was stopped and continued gives the same result.

    Source: Akiba et al., "Optuna" (2019); the tree-structured Parzen estimator of Bergstra et al. (2011).

    Parameters
    ----------
    survey : Survey or FingerprintSet
        Scans with positions, or a survey with a training split.
    network : str
        Name of a network, or NAME:FILE to start from the settings of a network file.
    spaces : sequence of str
        "architecture", "learning", "constraints" or "paper". By default, the architecture if the network has
        a search space, else learning.
    teachers : Teacher, str, path or a sequence of them
        As in `Localizer`.
    recipe : {"default", "paper", "printed"}, optional
        By default, paper if the space "paper" is searched, else default.
    settings : mapping, optional
        Changes to the settings of the network and of its recipe. They are the same in every trial.
    n_trials : int
        Number of trials, those of an earlier run included.
    study_file : path, optional
        SQLite file that keeps every trial, so that you can stop a search and continue it.
    run : RunOptions, optional
        Seed, device, progress, and the length of a trial: by default, a quarter of the recipe's `updates`.

    Returns
    -------
    NetworkFile
        The best settings, to save and to use as NAME:FILE.

    Raises
    ------
    BadInputError, UnknownNameError, FileFormatError
        If an argument, the data or the study file cannot be used, or no trial gives a result. If the scans
        have places alone.

    Examples
    --------
    >>> import tutelage as tt
    >>> office = tt.simulated_survey(seed=2, n_train=100, n_test=10)
    >>> run = tt.RunOptions(device="cpu", budget=tt.Budget(updates=2))
    >>> settings = {"width": 16, "d_e": 8}
    >>> file = tt.tune(office, "dnn", spaces=["learning"], settings=settings, n_trials=1, run=run)
    >>> file.network, file.search_record.n_finished
    ('dnn', 1)
    """
    if n_trials < 1:
        raise BadInputError(f"n_trials is {n_trials}; a search has at least one")
    scans, name, _ = training_set(survey)
    if scans.position_m is None:
        raise BadInputError(
            f"{name!r} has places alone, and settings are searched by errors in metres; compare methods with "
            "tutelage compare, and give settings to fit by --set"
        )
    run = named_run(run, name)
    search = _checked_search(scans, name, network, spaces, teachers, recipe, settings or {}, run)
    resolve_device(run.device)
    score = held_out_score(
        scans[scans.n_heard > 0],
        search.spec.name,
        search.recipe_name,
        search.teachers,
        RunOptions(seed=run.seed, device=run.device, budget=search.budget, survey=run.survey),
        network_settings=search.lesson({})[0],
    )
    with (
        open_study(study_file, search.identity()) as study,
        _progress_bar(n_trials, run.progress) as show,
    ):
        show(study)
        while len(finished_trials(study)) < n_trials:
            _next_trial(study, search, score)
            show(study)
        return _best_network(study, search)


def _checked_search(
    scans: FingerprintSet,
    survey_name: str,
    network: str,
    spaces: Sequence[str],
    teachers: TeacherNames,
    recipe: str | None,
    fixed: Mapping[str, Any],
    run: RunOptions,
) -> _Search:
    choice = network_choice(network)
    spec = choice.spec
    names = tuple(dict.fromkeys(spaces)) or default_spaces(spec)
    recipe_name = recipe or ("paper" if "paper" in names else "default")
    base = {**choice.settings, **choice.recipe, **fixed}
    lesson = network_lesson(choice, recipe_name, fixed)
    plan = fit_plan(spec.name, teachers=teachers, recipe=recipe_name, run=run)
    if plan.teachers == "auto":
        raise BadInputError("teachers are chosen by fit alone; here, name them, or give all or none")
    plan = with_zoo_teachers(plan, scans, survey_name)
    assert not isinstance(plan.teachers, str)
    budget = run.budget
    if budget == Budget():
        budget = Budget(updates=max(1, lesson.recipe.updates // _SHARE_OF_UPDATES))
    space = search_plan(names, spec, lesson.recipe.model_dump(), fixed, with_teachers=bool(plan.teachers))
    return _Search(
        survey_name,
        scans.content_hash(),
        spec,
        names,
        space,
        base,
        recipe_name,
        lesson.recipe,
        plan.teachers,
        budget,
        run.seed,
    )


def _next_trial(study: optuna.Study, search: _Search, score: ScoreFunction) -> None:
    n_before = len(finished_trials(study))
    # A fresh sampler for each trial: its choice then depends on the finished trials alone, so that a search
    # that was killed goes on as if it had not been, with the very settings that it was about to try.
    sampler_seed = int(np.random.SeedSequence([search.seed, n_before]).generate_state(1)[0])
    study.sampler = TPESampler(seed=sampler_seed, multivariate=False)
    ask = search.plan.ask if n_before else search.plan.ask_defaults
    trial, settings = ask(study)
    trial.set_user_attr(_SETTINGS, settings)
    try:
        error_m = score(*search.lesson(settings), trial)
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except (BadInputError, TrainingDivergedError, torch.OutOfMemoryError) as error:
        trial.set_user_attr(_REFUSED, str(error).partition("\n")[0])
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, error_m)


def _best_network(study: optuna.Study, search: _Search) -> NetworkFile:
    trials = finished_trials(study)
    complete = _complete_trials(trials)
    failures = [trial for trial in trials if _REFUSED in trial.user_attrs]
    if not complete:
        message = failures[0].user_attrs[_REFUSED] if failures else "nothing"
        raise BadInputError(
            f"none of {len(trials)} trials gave a result; the first said: {message}; change --set or the "
            "length, and name another --study"
        )
    best = min(complete, key=_error_m)
    default_errors_m = [_error_m(trial) for trial in complete if trial.user_attrs.get(DEFAULTS)]
    network, recipe = search.changes(best.user_attrs[_SETTINGS])
    record = SearchRecord(
        target=search.target,
        data_hash=search.data_hash,
        recipe_name=search.recipe_name,
        teachers=[t if isinstance(t, str) else t.card.source for t in search.teachers],
        spaces=list(search.spaces),
        n_finished=len(complete),
        n_pruned=len(trials) - len(complete) - len(failures),
        n_failed=len(failures),
        held_out_mae_m=round(_error_m(best), 4),
        default_held_out_mae_m=round(default_errors_m[0], 4) if default_errors_m else None,
        seed=search.seed,
        epochs=search.budget.epochs,
        minutes=search.budget.minutes,
        updates=search.budget.updates,
        version=version("tutelage"),
    )
    return NetworkFile(network=search.spec.name, settings=network, recipe=recipe, search_record=record)


def _complete_trials(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    return [trial for trial in trials if trial.state == TrialState.COMPLETE]


def _error_m(trial: FrozenTrial) -> float:
    assert trial.value is not None
    return trial.value


@contextmanager
def _progress_bar(n_trials: int, visible: bool) -> Iterator[Callable[[optuna.Study], None]]:
    columns = (
        TextColumn("trials"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[best]}"),
        TimeRemainingColumn(),
    )
    # Trials are minutes apart: the time left is told from all of them, not from the last half minute.
    with Progress(
        *columns, console=Console(stderr=True), disable=not visible, speed_estimate_period=1e9
    ) as progress:
        task = progress.add_task("trials", total=n_trials, best="")

        def show(study: optuna.Study) -> None:
            trials = finished_trials(study)
            best = min(map(_error_m, _complete_trials(trials)), default=None)
            words = "" if best is None else f"best {best:.2f} m"
            progress.update(task, completed=len(trials), best=words)

        yield show
