"""The ways in which a network learns a building, and what the model's lineage says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, cast, get_args

import numpy as np

from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.methods.teachers.teacher_names import TeacherNames, teacher_list
from tutelage.networks import NetworkChoice, network_choice, network_names, network_spec, plain_name
from tutelage.paper.expert_distilling import DistillingRecipe, TeacherChoice, distil, distilling_recipe
from tutelage.paper.transfer import Source, TransferKind, TransferRecipe, transfer, transfer_recipe
from tutelage.training import LearningRecipe, RunOptions
from tutelage.training.trained_network import TrainedNetwork

__all__ = [
    "Building",
    "Learnt",
    "Sources",
    "TransferChoice",
    "checked_choice",
    "checked_transfer",
    "chosen_network",
    "learn_by_transfer",
    "learn_under_teachers",
    "listed_sources",
    "split_settings",
    "training_scans",
]

Building: TypeAlias = FingerprintSet | Survey
Sources: TypeAlias = Building | Sequence[Building]
TransferChoice: TypeAlias = Literal["none"] | TransferKind


_NO_NETWORKS = "knn", "matcher", "blend"  # of `Localizer`, but without a representation to teach or transfer


class Learnt(NamedTuple):
    """A student and how it came about."""

    student: TrainedNetwork
    lineage: dict[str, Any]


def learn_under_teachers(
    train: FingerprintSet,
    network: str,
    teachers: Sequence[TeacherChoice],
    recipe_name: str,
    settings: Mapping[str, Any],
    options: RunOptions,
) -> Learnt:
    """Expert Distilling; without teachers, plain learning. Parameters as of `distil`."""
    choice, of_network, recipe = chosen_network(network, recipe_name, settings)
    student = distil(train, choice.spec.name, of_network, teachers, recipe_name, recipe, options)
    return Learnt(
        student,
        {
            "recipe_name": recipe_name,
            "recipe": recipe.model_dump(),
            "teachers": [t if isinstance(t, str) else t.card.model_dump() for t in teachers],
        },
    )


def chosen_network(
    network: str, recipe_name: str, settings: Mapping[str, Any]
) -> tuple[NetworkChoice, dict[str, Any], DistillingRecipe]:
    """A network to learn under teachers, its settings, and the recipe with its own.

    Raises
    ------
    UnknownNameError, BadInputError
        If the network, the recipe or a setting does not exist or is not allowed.
    """
    split_settings(network, DistillingRecipe.model_fields, settings)  # a name that is given is refused first
    choice = network_choice(network)
    under = {**choice.settings, **choice.recipe}
    of_network, of_recipe = split_settings(network, DistillingRecipe.model_fields, {**under, **settings})
    choice.spec.settings(of_network)
    return choice, of_network, distilling_recipe(recipe_name, of_recipe, choice.spec)


def learn_by_transfer(
    train: FingerprintSet,
    network: str,
    sources: Sequence[Building],
    kind: TransferKind,
    recipe_name: str,
    settings: Mapping[str, Any],
    options: RunOptions,
) -> Learnt:
    """Sequential or collective transfer from surveys of source buildings. Parameters as of `transfer`."""
    split_settings(network, TransferRecipe.model_fields, settings)
    choice = checked_choice(network)
    under = {**choice.settings, **choice.recipe_within(LearningRecipe.model_fields)}
    of_network, of_recipe = split_settings(network, TransferRecipe.model_fields, {**under, **settings})
    recipe = transfer_recipe(recipe_name, of_recipe, choice.spec)
    known = [training_scans(source) for source in sources]
    heard = [Source(name, scans[scans.n_heard > 0]) for scans, name, _ in known]
    student = transfer(train, choice.spec.name, of_network, heard, kind, recipe_name, recipe, options)
    return Learnt(
        student,
        {
            "recipe_name": recipe_name,
            "recipe": recipe.model_dump(),
            "teachers": [],
            "transfer": kind,
            "sources": [
                {"source": name, "licence": licence, "data_hash": scans.content_hash(), "n_train": len(scans)}
                for scans, name, licence in known
            ],
        },
    )


def checked_choice(network: str) -> NetworkChoice:
    """`network_choice`, for runs that take only a part of the recipe's settings from a network file.

    Raises
    ------
    UnknownNameError
        If the file sets what no recipe has: left out with the others, a slip would go unseen.
    """
    choice = network_choice(network)
    split_settings(network, DistillingRecipe.model_fields, choice.recipe)
    return choice


def checked_transfer(kind: str, sources: Sequence[object], teachers: TeacherNames) -> TransferKind | None:
    """The kind of transfer, None for "none"; `sources` may be buildings, or their names.

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    BadInputError
        If what is given beside it does not go with it.
    """
    kinds = get_args(TransferKind)
    if kind not in ("none", *kinds):
        raise UnknownNameError("transfer", kind, ("none", *kinds))
    if kind == "none":
        if sources:
            raise BadInputError(
                f"source buildings are given, and no transfer; choose transfer {' or '.join(kinds)}, "
                "or leave the sources out (what teachers know is in their files)"
            )
        return None
    if teacher_list(teachers):
        raise BadInputError(
            f"{kind} transfer learns from the sources' own data and takes no teachers; leave one of them out"
        )
    if not sources:
        raise BadInputError(f"{kind} transfer learns from source buildings first; name at least one source")
    return cast(TransferKind, kind)


def split_settings(
    network: str, of_recipe: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """`given` divided into the network's settings and the recipe's; of NAME:FILE, the name counts.

    Raises
    ------
    UnknownNameError
        If the network, or a setting, is neither's.
    """
    name = plain_name(network)
    if network.startswith("knn:"):
        raise BadInputError(f"{network}: knn takes no network file; give its settings one by one")
    if name in _NO_NETWORKS:
        raise BadInputError(f"{name!r} is fitted as a whole; allowed here are {', '.join(network_names())}")
    if name not in network_names():
        raise UnknownNameError("network", name, [*network_names(), *_NO_NETWORKS])
    of_network = network_spec(name).settings_model.model_fields
    for name in given:
        if name not in of_network and name not in of_recipe:
            raise UnknownNameError("setting", name, {*of_network, *of_recipe})
    return (
        {name: value for name, value in given.items() if name in of_network},
        {name: value for name, value in given.items() if name not in of_network},
    )


def listed_sources(sources: Sources) -> Sequence[Building]:
    """Source buildings as a list, also a single one."""
    return [sources] if isinstance(sources, (FingerprintSet, Survey)) else sources


def training_scans(building: Building) -> tuple[FingerprintSet, str, str]:
    """Training scans, name and licence of a survey, or of bare scans.

    Raises
    ------
    BadInputError
        If the scans that hear anything come from one reference point, or from none.
    """
    scans, name, licence = (
        (building.train, building.name, building.licence)
        if isinstance(building, Survey)
        else (building, "unnamed", "")
    )
    points = np.unique(scans.known_position_m[scans.n_heard > 0], axis=0)
    if len(points) < 2:
        raise BadInputError(
            f"the training scans of {name!r} that hear anything come from {len(points)} reference point(s); "
            "positions can only be learnt from several"
        )
    return scans, name, licence
