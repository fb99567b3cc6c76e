"""A method that a user could have written: whatever is heard, it answers the middle of the survey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import RssRepresentation
from tutelage.errors import UnknownNameError
from tutelage.methods.base import FitPlan, Fitted, MethodSpec
from tutelage.methods.lineage import MethodLineage
from tutelage.runtime.positions import Located


@dataclass
class Middle:
    """The middle of a survey."""

    representation: RssRepresentation
    middle_m: np.ndarray
    radio_map: None = None

    def locate(self, scans: FingerprintSet) -> Located:
        return Located(np.tile(self.middle_m, (len(scans), 1)))

    def config(self) -> dict[str, Any]:
        return {"representation": self.representation.config()}

    def tensors(self) -> dict[str, np.ndarray]:
        return {"middle_m": self.middle_m}

    @classmethod
    def fit(cls, plan: FitPlan, scans: FingerprintSet) -> Fitted:
        if plan.settings:
            raise UnknownNameError("setting of middle", next(iter(plan.settings)), ["none"])
        middle = cls(RssRepresentation.fit(scans), scans.known_position_m.mean(axis=0))
        return Fitted(middle, MethodLineage(metrics={"spread_m": 1.0}))

    @classmethod
    def load(cls, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Middle:
        return cls(RssRepresentation.from_config(config["representation"]), tensors["middle_m"])


MIDDLE = MethodSpec("middle", "the middle of the survey", Middle.fit, Middle.load)
