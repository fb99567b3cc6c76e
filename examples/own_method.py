"""A template for a method of your own: copy this file, change the class, run it.

    python examples/own_method.py

A method is whatever `Localizer(method=...)` takes. This one is a Gaussian process of scikit-learn over the
surveyed scans. The script checks it against the contract, compares it with k-NN, plans a survey with it, and
saves and loads it with its radii. The package in examples/plugin brings this module to the command line by an
entry point.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel

import tutelage as tt
from tutelage.methods.radio_map import RadioMap
from tutelage.networks import checked_settings
from tutelage.runtime.positions import Located

NAME = "gaussian-process"


class Settings(BaseModel):
    """Settings of the method: checked, and changed by `--set noise=0.2` or `settings={"noise": 0.2}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    length_scale: Annotated[float, Field(gt=0)] = 1.0
    """Distance of scans, in the representation, at which positions have little to do with one another."""
    noise: Annotated[float, Field(gt=0)] = 0.1
    """Variance of the positions of equal scans, as a share of that of all positions."""


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """The surveyed scans, and a Gaussian process from scans to positions."""

    settings: Settings
    radio_map: (
        RadioMap  # or None, for a method that holds no scans: it cannot be updated, nor drift be measured
    )

    @property
    def representation(self) -> tt.RssRepresentation:
        """How it reads RSS, and the access points that it knows."""
        return self.radio_map.representation

    @cached_property
    def _process(self) -> GaussianProcessRegressor:
        """Solve for the weights of the scans: the kernel is fixed, so a loaded model finds the same ones."""
        kernel = RBF(self.settings.length_scale) + WhiteKernel(self.settings.noise)
        process = GaussianProcessRegressor(kernel, optimizer=None, normalize_y=True)
        return process.fit(self.radio_map.value.toarray(), self.radio_map.position_m)

    def locate(self, scans: tt.FingerprintSet) -> Located:
        """Locate scans [n]: positions [n, 2] in metres. Labels of floor and building [n] may stand beside."""
        return Located(self._process.predict(self.representation.transform(scans).toarray()))

    def config(self) -> dict[str, Any]:
        """Give what `load` needs beside the arrays, ready for JSON. Nothing is pickled."""
        return {"settings": self.settings.model_dump(), **self.radio_map.config()}

    def tensors(self) -> dict[str, np.ndarray]:
        """Give the surveyed scans and their positions as arrays."""
        return self.radio_map.tensors()


def fit(plan: tt.FitPlan, scans: tt.FingerprintSet) -> tt.Fitted:
    """Fit the method to training scans. `plan.run` has the seed, the device and more."""
    settings = Settings(**checked_settings(Settings, plan.settings, f"setting of {NAME}"))
    method = GaussianProcess(settings, RadioMap.fit(scans, "positive"))
    return tt.Fitted(method, tt.MethodLineage(settings=settings.model_dump()))


def load(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> GaussianProcess:
    """Make the method that `config` and `tensors` described."""
    return GaussianProcess(Settings(**config["settings"]), RadioMap.from_config(config, tensors))


tt.register_method(tt.MethodSpec(NAME, "a Gaussian process over the surveyed scans", fit, load))


def main() -> None:
    """Check, compare, plan, fit, evaluate, save, load and locate."""
    tt.check_method(NAME)  # raises an error with the first broken clause of the contract
    print(f"{NAME} keeps the contract")
    survey = tt.simulated_survey(n_train=300, n_test=100)
    print(f"take {tt.compare(survey, tt.candidates([NAME])).recommended.words}")
    print(tt.plan(survey, tt.candidate(NAME), n_folds=3, n_rounds=1).curve.words)
    model = tt.Localizer(NAME, settings={"noise": 0.2}).fit(survey)
    figures = tt.evaluate(model, survey).figures()
    print(f"mean error {figures['mae_m']:.2f} m; {figures['coverage']:.0%} of the radii hold the truth")
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        loaded = tt.Localizer.load(Path(folder) / "model")
    (record, *_) = loaded.predict(survey.train[:1]).records()
    print(f"the first scan is at {record['x_m']:.1f}, {record['y_m']:.1f}, within {record['radius_m']:.1f} m")


if __name__ == "__main__":
    main()
