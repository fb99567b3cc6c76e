"""A template for a method of your own: copy this file, change the class, run it.

    python examples/own_method.py

This one is a Gaussian process of scikit-learn over the surveyed scans. The script checks it, compares it with
k-NN, plans a survey with it, fits it, and saves it with its radii. The package in examples/plugin brings this
file to the command line by an entry point.
"""

from __future__ import annotations

import tempfile

from pydantic import BaseModel, PositiveFloat
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel

import tutelage as tt
from tutelage.methods.radio_map import RadioMap
from tutelage.networks import checked_settings
from tutelage.runtime.positions import Located

NAME = "gaussian-process"


class Settings(BaseModel):  # a user changes them by `--set noise=0.2` or `settings={"noise": 0.2}`
    length_scale: PositiveFloat = 1.0  # distance of scans at which positions have little in common
    noise: PositiveFloat = 0.1  # variance of the positions of equal scans, as a share of all variance


class GaussianProcess:
    def __init__(self, settings: Settings, radio_map: RadioMap) -> None:
        self.settings = settings
        self.radio_map = radio_map  # None in a method that holds no scans: it has no updates and no drift
        self.representation = radio_map.representation  # its access points, and how it reads RSS
        kernel = RBF(settings.length_scale) + WhiteKernel(settings.noise)
        process = GaussianProcessRegressor(kernel, optimizer=None, normalize_y=True)
        self.process = process.fit(radio_map.value.toarray(), radio_map.position_m)

    def locate(self, scans: tt.FingerprintSet) -> Located:  # positions [n, 2] in metres
        return Located(self.process.predict(self.representation.transform(scans).toarray()))

    def config(self):  # for `load`, with the arrays of `tensors`; ready for JSON, nothing is pickled
        return {"settings": self.settings.model_dump(), **self.radio_map.config()}

    def tensors(self):
        return self.radio_map.tensors()


def fit(plan: tt.FitPlan, scans: tt.FingerprintSet) -> tt.Fitted:  # `plan.run` has the seed and more
    settings = Settings(**checked_settings(Settings, plan.settings, f"setting of {NAME}"))
    method = GaussianProcess(settings, RadioMap.fit(scans, "positive"))
    return tt.Fitted(method, tt.MethodLineage(settings=settings.model_dump()))


def load(config, tensors) -> GaussianProcess:
    return GaussianProcess(Settings(**config["settings"]), RadioMap.from_config(config, tensors))


tt.register_method(tt.MethodSpec(NAME, "a Gaussian process over the surveyed scans", fit, load))


def main() -> None:
    tt.check_method(NAME)  # raises an error with the first broken clause of the contract
    print(f"{NAME} keeps the contract")
    survey = tt.simulated_survey(n_train=300, n_test=100)
    print(f"take {tt.compare(survey, tt.candidates([NAME])).recommended.words}")
    print(tt.plan(survey, tt.candidate(NAME), n_folds=3, n_rounds=1).curve.words)
    model = tt.Localizer(NAME, settings={"noise": 0.2}).fit(survey)
    figures = tt.evaluate(model, survey).figures()
    print(f"mean error {figures['mae_m']:.2f} m; {figures['coverage']:.0%} of the radii hold the truth")
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model")
        (record, *_) = tt.Localizer.load(f"{folder}/model").predict(survey.train[:1]).records()
    print(f"the first scan is at {record['x_m']:.1f}, {record['y_m']:.1f}, within {record['radius_m']:.1f} m")


if __name__ == "__main__":
    main()
