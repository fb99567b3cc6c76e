"""`check_method`: the test that the author of a method runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from tutelage.data.sets.simulated import simulated_survey
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.methods.base import FittedMethod, MethodSpec
from tutelage.methods.fit_plan import fit_plan
from tutelage.methods.method_registry import method_spec
from tutelage.training import Budget, RunOptions

__all__ = ["check_method"]

_NO_SETTING = "no_method_has_this_setting"


def check_method(name: str, settings: Mapping[str, Any] | None = None) -> None:
    """Check that a registered method keeps the contract.

    The method is fitted to a small simulated building. These clauses must hold:

    - Positions are finite, of shape [n, 2]. They are the same twice, and one by one as in a batch.
    - The method knows access points of the survey.
    - Its config is ready for JSON, and its tensors are arrays. A method loaded from both answers the same.
    - It refuses an unknown setting.

    Parameters
    ----------
    name : str
        Name of the method.
    settings : mapping, optional
        Settings for the check, such as few epochs.

    Raises
    ------
    BadInputError
        If a clause does not hold. The message names the first one.

    Examples
    --------
    >>> check_method("knn", {"k": 3})
    """
    spec = method_spec(name)
    survey = simulated_survey(seed=3, n_train=120, n_test=24, n_access_points=12, n_floors=1)
    assert survey.test is not None
    run = RunOptions(device="cpu", budget=Budget(2) if spec.trains_network else Budget())
    method = spec.fit(fit_plan(name, settings=settings, run=run), survey.train).method
    queries = survey.test.aligned_to(method.representation.access_points)
    queries = queries[queries.n_heard > 0]
    names = set(survey.train.access_points)
    _require(
        set(method.representation.access_points) <= names, name, "it must know access points of the survey"
    )
    _check_positions(name, method, queries)
    _check_reload(name, spec, method, queries)
    _check_settings(name, spec, settings, run, survey.train)


def _check_positions(name: str, method: FittedMethod, queries: Any) -> None:
    position_m = np.asarray(method.locate(queries).position_m)
    shape = (len(queries), 2)
    _require(position_m.shape == shape, name, f"positions must be {shape}; they are {position_m.shape}")
    _require(bool(np.isfinite(position_m).all()), name, "positions must be finite numbers")
    again_m = method.locate(queries).position_m
    _require(np.array_equal(position_m, again_m), name, "the same scans must get the same positions")
    first_m = method.locate(queries[:1]).position_m
    is_independent = bool(np.allclose(first_m, position_m[:1], atol=1e-3))
    _require(is_independent, name, "a scan's position must not depend on the other scans")


def _check_reload(name: str, spec: MethodSpec, method: FittedMethod, queries: Any) -> None:
    try:
        config = json.loads(json.dumps(method.config()))
    except TypeError as error:
        raise BadInputError(
            f"method {name!r} breaks the contract: config() must be ready for JSON: {error}"
        ) from error
    tensors = method.tensors()
    are_arrays = all(isinstance(array, np.ndarray) and array.dtype != object for array in tensors.values())
    _require(are_arrays, name, "tensors() must be NumPy arrays of numbers")
    copy = spec.load(config, tensors)
    same = np.allclose(copy.locate(queries).position_m, method.locate(queries).position_m, atol=1e-6)
    _require(bool(same), name, "what load makes of config() and tensors() must answer the same")
    _require(hasattr(method, "radio_map"), name, "it must have a radio_map, or None")


def _check_settings(
    name: str, spec: MethodSpec, settings: Mapping[str, Any] | None, run: RunOptions, scans: Any
) -> None:
    try:
        spec.fit(fit_plan(name, settings={**(settings or {}), _NO_SETTING: 1}, run=run), scans)
    except UnknownNameError:
        return
    _require(False, name, "a setting that it does not have must be refused with UnknownNameError")


def _require(holds: bool, name: str, clause: str) -> None:
    if not holds:
        raise BadInputError(f"method {name!r} breaks the contract: {clause}")
