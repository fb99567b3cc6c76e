"""`check_method` on the methods of the package, and on one that is broken clause by clause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from own_method import MIDDLE, Middle

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.methods.base import FitPlan, Fitted, MethodSpec
from tutelage.methods.lineage import MethodLineage
from tutelage.methods.method_contract import check_method
from tutelage.methods.method_registry import register_method
from tutelage.runtime.positions import Located

MATCHER = {"fine_tune_updates": 2, "exercises": 32, "batch_size": 16}
NETWORK = {"width": 8, "d_e": 4}
SETTINGS: dict[str, dict[str, Any]] = {
    "knn": {"k": 3},
    "matcher": MATCHER,
    "dnn": NETWORK,
    "blend": {**{f"matcher.{name}": value for name, value in MATCHER.items()}, **NETWORK, "share": 0.5},
}


class OneCoordinate(Middle):
    def locate(self, scans: FingerprintSet) -> Located:
        return Located(super().locate(scans).position_m[:, :1])


class Infinite(Middle):
    def locate(self, scans: FingerprintSet) -> Located:
        return Located(np.full((len(scans), 2), np.inf))


class Restless(Middle):
    def locate(self, scans: FingerprintSet) -> Located:
        self.middle_m = self.middle_m + 1
        return super().locate(scans)


class Sociable(Middle):
    def locate(self, scans: FingerprintSet) -> Located:
        return Located(super().locate(scans).position_m + len(scans))


class ConfigOfObjects(Middle):
    def config(self) -> dict[str, Any]:
        return {**super().config(), "set": {1}}


class TensorsOfObjects(Middle):
    def tensors(self) -> dict[str, np.ndarray]:
        return {**super().tensors(), "names": np.array([None])}


class Forgetful(Middle):
    def tensors(self) -> dict[str, np.ndarray]:
        return {"middle_m": np.zeros(2)}


class Strange(Middle):
    @classmethod
    def fit(cls, plan: FitPlan, scans: FingerprintSet) -> Fitted:
        fitted = super().fit(plan, scans)
        names = (*fitted.method.representation.access_points, "a bus")
        representation = replace(fitted.method.representation, access_points=names)
        return fitted._replace(method=cls(representation, np.zeros(2)))


class TakesAnySetting(Middle):
    @classmethod
    def fit(cls, plan: FitPlan, scans: FingerprintSet) -> Fitted:  # noqa: ARG003
        return Fitted(cls(RssRepresentation.fit(scans), np.zeros(2)), MethodLineage())


class WithoutRadioMap(Middle):
    def __getattribute__(self, name: str) -> Any:
        if name == "radio_map":
            raise AttributeError(name)
        return super().__getattribute__(name)


BROKEN: list[tuple[type[Middle], str]] = [
    (OneCoordinate, r"positions must be \(\d+, 2\); they are \(\d+, 1\)"),
    (Infinite, "positions must be finite numbers"),
    (Restless, "the same scans must get the same positions"),
    (Sociable, "must not depend on the other scans"),
    (ConfigOfObjects, r"config\(\) must be ready for JSON"),
    (TensorsOfObjects, r"tensors\(\) must be NumPy arrays of numbers"),
    (Forgetful, r"what load makes of config\(\) and tensors\(\) must answer the same"),
    (Strange, "must know access points of the survey"),
    (TakesAnySetting, "must be refused with UnknownNameError"),
    (WithoutRadioMap, "must have a radio_map, or None"),
]


@pytest.mark.parametrize("name", SETTINGS)
def test_method_of_the_package_keeps_the_contract(name: str) -> None:
    check_method(name, SETTINGS[name])


@pytest.mark.usefixtures("registry")
def test_own_method_keeps_the_contract() -> None:
    register_method(MIDDLE)
    check_method(MIDDLE.name)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize(("broken", "clause"), BROKEN, ids=[broken.__name__ for broken, _ in BROKEN])
def test_broken_method_is_told_the_clause(broken: type[Middle], clause: str) -> None:
    register_method(MethodSpec("broken", "broken", broken.fit, broken.load))
    with pytest.raises(BadInputError, match=f"method 'broken' breaks the contract: .*{clause}"):
        check_method("broken")


def test_unknown_method_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown method 'knm'\. Did you mean knn"):
        check_method("knm")
