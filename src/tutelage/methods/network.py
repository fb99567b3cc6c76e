"""Every registered network as a method: on its own scans, under surrogate teachers, or after a transfer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.methods.answer_errors import place_errors
from tutelage.methods.base import (
    UNTRAINED,
    ExportParts,
    FitPlan,
    Fitted,
    MethodSpec,
    TeacherCandidate,
    UpdateSpec,
)
from tutelage.methods.lineage import MethodLineage, SourceLineage, TransferLineage
from tutelage.methods.network_update import continue_network, takes_access_points
from tutelage.methods.teachers.shelf import zoo_teachers
from tutelage.networks import NetworkChoice, NetworkSpec, SpecializedNetwork, split_settings
from tutelage.paper.expert_distilling import DistillingRecipe, TeacherChoice, distil, distilling_recipe
from tutelage.paper.transfer import Source, TransferRecipe, transfer, transfer_recipe
from tutelage.training import Budget, LearningRecipe, RunOptions, train_network
from tutelage.training.trained_network import TrainedNetwork

__all__ = ["NetworkLesson", "export_parts", "fit_network", "network_lesson", "network_method", "train_lesson"]

_TRIAL_SHARE = 0.25  # of the fit's length: a trial of teachers
_NONE = "none"


class NetworkLesson(NamedTuple):
    """A network, its settings, and the recipe by which it learns."""

    spec: NetworkSpec
    settings: dict[str, Any]
    recipe_name: str
    recipe: DistillingRecipe


def network_lesson(choice: NetworkChoice, recipe_name: str, settings: Mapping[str, Any]) -> NetworkLesson:
    """Divide settings into those of a network and those of its recipe, and check them.

    Parameters
    ----------
    choice : NetworkChoice
        The network, with the settings of its file; those of the user override them.
    recipe_name : str
        "printed", "paper" or "default".
    settings : mapping
        The user's settings, of the network and of the recipe together.

    Raises
    ------
    UnknownNameError, BadInputError
        If the recipe or a setting does not exist or is not allowed.
    """
    spec = choice.spec
    recipe_names = DistillingRecipe.model_fields
    split_settings(spec, recipe_names, settings)  # the user's names are refused before those of the file
    merged = {**choice.settings, **choice.recipe, **settings}
    network_settings, recipe_settings = split_settings(spec, recipe_names, merged)
    spec.settings(network_settings)
    recipe = distilling_recipe(recipe_name, recipe_settings, spec)
    return NetworkLesson(spec, network_settings, recipe_name, recipe)


def train_lesson(
    scans: FingerprintSet, lesson: NetworkLesson, teachers: tuple[TeacherChoice, ...], run: RunOptions
) -> TrainedNetwork:
    """Train a network: by Expert Distilling if there are teachers, otherwise on the scans alone.

    Parameters
    ----------
    scans : FingerprintSet
        With positions; each hears something.
    lesson : NetworkLesson
    teachers : tuple of Teacher or "untrained"
    run : RunOptions

    Returns
    -------
    TrainedNetwork
    """
    spec, settings, recipe_name, recipe = lesson
    if teachers:
        return distil(scans, spec, settings, teachers, recipe, run, recipe_name=recipe_name)
    return train_network(scans, spec, settings, recipe, run)


def fit_network(plan: FitPlan, scans: FingerprintSet) -> Fitted:
    """Fit a network to training scans.

    Parameters
    ----------
    plan : FitPlan
        Its method is a registered network.
    scans : FingerprintSet
        With positions, places or both; those that hear nothing are left out.

    Raises
    ------
    UnknownNameError, BadInputError
        If a setting does not exist, or a teacher does not fit. If there are teachers or a transfer, and the
        scans have no positions.
    """
    usable_scans = scans[scans.n_heard > 0]
    if scans.position_m is None and (plan.transfer or plan.teachers):
        raise BadInputError(
            "surrogate teachers and transfer are for surveys with positions, and this one has places alone; "
            "leave them out"
        )
    if plan.transfer:
        network, lineage = _fit_by_transfer(plan, usable_scans)
    else:
        teachers = _chosen_teachers(plan)
        lesson = network_lesson(_network(plan), plan.recipe, plan.settings)
        network = train_lesson(usable_scans, lesson, teachers, plan.run)
        lineage = MethodLineage(
            recipe_name=plan.recipe,
            recipe=lesson.recipe.model_dump(),
            teachers=tuple(teacher if isinstance(teacher, str) else teacher.card for teacher in teachers),
        )
    metrics = _training_metrics(network, usable_scans)
    figures = {"metrics": metrics, "gradient_shares": network.gradient_shares}
    return Fitted(network, lineage.model_copy(update=figures))


def _training_metrics(network: TrainedNetwork, scans: FingerprintSet) -> dict[str, float]:
    """Give the mean error of the training scans; without positions, the share of right places."""
    answers = network.locate(scans)
    if scans.position_m is None:
        return {"training_hit": round(1 - float(place_errors(answers.place, scans.known_place).mean()), 3)}
    error_m = np.linalg.norm(answers.position_m - scans.position_m, axis=1)
    return {"training_mae_m": round(float(error_m.mean()), 3)}


def _chosen_teachers(plan: FitPlan) -> tuple[TeacherChoice, ...]:
    if isinstance(plan.teachers, str):
        raise BadInputError("teachers are chosen by fit alone; here, name them, or give all or none")
    return plan.teachers


def _fit_by_transfer(plan: FitPlan, usable_scans: FingerprintSet) -> tuple[TrainedNetwork, MethodLineage]:
    assert plan.transfer is not None
    choice = _network(plan)
    spec = choice.spec
    kind = plan.transfer.kind
    split_settings(spec, TransferRecipe.model_fields, plan.settings)
    split_settings(spec, DistillingRecipe.model_fields, choice.recipe)  # a slip in the file is refused
    # The recipe in a network file is for Expert Distilling; a transfer takes the settings that both share.
    merged = {**choice.settings, **choice.recipe_within(LearningRecipe.model_fields), **plan.settings}
    network_settings, recipe_settings = split_settings(spec, TransferRecipe.model_fields, merged)
    recipe = transfer_recipe(plan.recipe, recipe_settings, spec)
    sources = [Source(each.name, each.scans[each.scans.n_heard > 0]) for each in plan.transfer.sources]
    network = transfer(usable_scans, spec, network_settings, sources, kind, recipe, plan.run)
    records = tuple(
        SourceLineage(
            survey=each.name,
            licence=each.licence,
            data_hash=each.scans.content_hash(),
            n_train=len(each.scans),
        )
        for each in plan.transfer.sources
    )
    lineage = MethodLineage(
        recipe_name=plan.recipe,
        recipe=recipe.model_dump(),
        transfer=TransferLineage(kind=kind, sources=records),
    )
    return network, lineage


def _network(plan: FitPlan) -> NetworkChoice:
    assert plan.network is not None
    return plan.network


# -- choosing teachers ---------------------------------------------------------------------------------


def _teacher_candidates(plan: FitPlan, scans: FingerprintSet, survey: str) -> list[TeacherCandidate]:
    """List no teachers, then the zoo's one by one and together, beside as many untrained ones."""
    lesson = network_lesson(_network(plan), plan.recipe, plan.settings)
    spec = lesson.spec
    n_ap = len(scans.access_points)
    d_e = SpecializedNetwork(spec, n_ap, lesson.settings).d_e(n_ap)
    suitable = [each for each in zoo_teachers(spec.name, scans, survey).values() if each.card.d_e == d_e]
    candidates = [TeacherCandidate(_NONE)]
    if not suitable:
        return candidates
    candidates.append(TeacherCandidate(UNTRAINED, (UNTRAINED,)))
    candidates += [
        TeacherCandidate(teacher.card.source, (teacher,), rivals=(_NONE, UNTRAINED)) for teacher in suitable
    ]
    if len(suitable) > 1:
        control = f"{len(suitable)} untrained"
        candidates.append(TeacherCandidate(control, (UNTRAINED,) * len(suitable)))
        candidates.append(TeacherCandidate("all", tuple(suitable), rivals=(_NONE, control)))
    return candidates


def _trial(plan: FitPlan, scans: FingerprintSet) -> FitPlan:
    """Learn for a quarter of the fit's length."""
    budget = plan.run.budget
    if budget.minutes:
        return plan.with_budget(Budget(minutes=_TRIAL_SHARE * budget.minutes))
    recipe = network_lesson(_network(plan), plan.recipe, plan.settings).recipe
    updates = max(1, round(_TRIAL_SHARE * budget.n_steps(len(scans), recipe, plan.run.survey)))
    return plan.with_budget(Budget(updates=updates))


# -- the spec ------------------------------------------------------------------------------------------


def export_parts(network: TrainedNetwork) -> ExportParts:
    """Describe a network for `tutelage.runtime`.

    Parameters
    ----------
    network : TrainedNetwork
    """
    classes = network.heads.classes if network.heads is not None else {}
    return ExportParts("network", {}, {kind: list(names) for kind, names in classes.items()}, network=network)


def network_method(spec: NetworkSpec) -> MethodSpec:
    """Make a registered network a method.

    Parameters
    ----------
    spec : NetworkSpec
    """
    return MethodSpec(
        spec.name,
        "a network: trained on your scans alone, under surrogate teachers, or after a transfer",
        fit_network,
        TrainedNetwork.from_config,
        options=frozenset({"teachers", "transfer", "recipe", "length"}),
        refusals={
            "pretrained": "leave it out, or choose matcher or blend; surrogate teachers are for networks"
        },
        is_network=True,
        update=UpdateSpec(
            continue_network, learns=lambda _method: True, takes_new_access_points=takes_access_points
        ),
        export=export_parts,
        trial=_trial,
        candidates=_teacher_candidates,
        trains_network=True,
    )
