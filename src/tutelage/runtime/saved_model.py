"""A model folder that was not exported, as the runtime reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tutelage.runtime.exported_methods import CALIBRATIONS, MATCHER_WEIGHTS
from tutelage.runtime.place_calibration import PLACE_PREFIX
from tutelage.runtime.prefixes import with_prefix
from tutelage.runtime.radii import PREFIX

__all__ = ["SavedCard", "saved_card"]

_LABELS = ("floors", "buildings", "places")
_OF_BLEND = MATCHER_WEIGHTS  # a blend has the same word before all arrays of its matcher
_SETTINGS = {"knn": ("settings", ("metric", "k")), "matcher": ("recipe", ("n_candidates",))}
"""Where the settings of each kind of model stand in its card, and those that the runtime needs."""


class SavedCard(NamedTuple):
    """Card and arrays of a saved model, under the names that an exported model has."""

    card: dict[str, Any]
    arrays: dict[str, np.ndarray]


def saved_card(card: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> SavedCard | None:
    """Rename what a model folder holds, if NumPy alone can locate with it.

    Parameters
    ----------
    card, arrays : mapping
        Of the model folder.

    Returns
    -------
    SavedCard or None
        None for another method than k-NN, matcher and a blend without a network.
    """
    kind, config = card["method"], card["config"]
    if kind == "blend" and config["network"] is None:
        kind, config = "matcher", config["matcher"]
        of_calibration = {name: arrays[name] for name in arrays if name.startswith((PREFIX, PLACE_PREFIX))}
        arrays = {**with_prefix(arrays, _OF_BLEND), **of_calibration}
    if kind not in _SETTINGS:
        return None
    group, names = _SETTINGS[kind]
    representation = config["representation"]
    return SavedCard(
        {
            "kind": kind,
            "access_points": representation["access_points"],
            "representation": representation,
            "frame": card["frame"],
            "coordinates": card.get("coordinates", True),
            **{name: config.get(name) for name in _LABELS},
            "settings": {name: config[group][name] for name in names},
            **{name: card[name] for name in CALIBRATIONS if name in card},
        },
        dict(arrays),
    )
