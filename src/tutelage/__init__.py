"""Tutelage: indoor positioning from radio fingerprints, and knowledge transfer between buildings.

>>> import tutelage as tt
>>> uji, tampere = tt.load("ujiindoorloc"), tt.load("tampere")
>>> teacher = tt.teach(uji, network="dnn")
>>> model = tt.Localizer(network="dnn", teachers=[teacher]).fit(tampere)
>>> tt.evaluate(model, tampere.test).figures()

Data flow from `load` through `teach` and `Localizer` to `evaluate`. A name is imported when it is first
used: loading a survey does not wait for PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tutelage.extras import missing as _missing

if TYPE_CHECKING:
    from tutelage.check import check_survey
    from tutelage.comparison import candidates, compare, write_comparison
    from tutelage.datasets import dataset_table, export_survey, fetch, load, simulated_survey
    from tutelage.drift import measure_drift
    from tutelage.errors import TutelageError
    from tutelage.evaluation import Evaluation, evaluate, write_report
    from tutelage.export import export_model
    from tutelage.fingerprints import FingerprintSet, Survey
    from tutelage.frames import LocalFrame
    from tutelage.localizer import Localizer
    from tutelage.networks import check_network, network_names, register_network
    from tutelage.planning import plan_survey, write_plan
    from tutelage.positions import Positions
    from tutelage.representation import CoordinateScaler, RssRepresentation
    from tutelage.scorer import ScorerTeacher, teach_scorer
    from tutelage.surveys import split_by_device, split_by_position, split_by_time, split_by_user
    from tutelage.teaching import Teacher, teach
    from tutelage.training import Budget, RunOptions
    from tutelage.tuning import tune
    from tutelage.updating import updated

__all__ = [
    "Budget",
    "CoordinateScaler",
    "Evaluation",
    "FingerprintSet",
    "LocalFrame",
    "Localizer",
    "Positions",
    "RssRepresentation",
    "RunOptions",
    "ScorerTeacher",
    "Survey",
    "Teacher",
    "TutelageError",
    "candidates",
    "check_network",
    "check_survey",
    "compare",
    "dataset_table",
    "evaluate",
    "export_model",
    "export_survey",
    "fetch",
    "load",
    "measure_drift",
    "network_names",
    "plan_survey",
    "register_network",
    "simulated_survey",
    "split_by_device",
    "split_by_position",
    "split_by_time",
    "split_by_user",
    "teach",
    "teach_scorer",
    "tune",
    "updated",
    "write_comparison",
    "write_plan",
    "write_report",
]

_HOME = {
    "Budget": "tutelage.training",
    "CoordinateScaler": "tutelage.representation",
    "Evaluation": "tutelage.evaluation",
    "FingerprintSet": "tutelage.fingerprints",
    "LocalFrame": "tutelage.frames",
    "Localizer": "tutelage.localizer",
    "Positions": "tutelage.positions",
    "RssRepresentation": "tutelage.representation",
    "RunOptions": "tutelage.training",
    "ScorerTeacher": "tutelage.scorer",
    "Survey": "tutelage.fingerprints",
    "Teacher": "tutelage.teaching",
    "TutelageError": "tutelage.errors",
    "candidates": "tutelage.comparison",
    "check_network": "tutelage.networks",
    "check_survey": "tutelage.check",
    "compare": "tutelage.comparison",
    "dataset_table": "tutelage.datasets",
    "evaluate": "tutelage.evaluation",
    "export_model": "tutelage.export",
    "export_survey": "tutelage.datasets",
    "fetch": "tutelage.datasets",
    "load": "tutelage.datasets",
    "measure_drift": "tutelage.drift",
    "network_names": "tutelage.networks",
    "plan_survey": "tutelage.planning",
    "register_network": "tutelage.networks",
    "simulated_survey": "tutelage.datasets",
    "split_by_device": "tutelage.surveys",
    "split_by_position": "tutelage.surveys",
    "split_by_time": "tutelage.surveys",
    "split_by_user": "tutelage.surveys",
    "teach": "tutelage.teaching",
    "teach_scorer": "tutelage.scorer",
    "tune": "tutelage.tuning",
    "updated": "tutelage.updating",
    "write_comparison": "tutelage.comparison",
    "write_plan": "tutelage.planning",
    "write_report": "tutelage.evaluation",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tutelage' has no attribute {name!r}")
    try:
        value = globals()[name] = getattr(import_module(_HOME[name]), name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            _missing(f"tutelage.{name}", error) or str(error), name=error.name, path=error.path
        ) from error
    return value


def __dir__() -> list[str]:
    return [*__all__, "__doc__", "__path__"]
