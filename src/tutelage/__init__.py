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
    from tutelage.data.check import check_survey
    from tutelage.data.fingerprints import FingerprintSet, Survey
    from tutelage.data.representation import CoordinateScaler, RssRepresentation
    from tutelage.data.splits import split_by_device, split_by_position, split_by_time, split_by_user
    from tutelage.data.surveys import dataset_table, export_survey, fetch, load, simulated_survey
    from tutelage.errors import TutelageError
    from tutelage.evaluation import Evaluation, evaluate, write_report
    from tutelage.evaluation.compare import candidates, compare, write_comparison
    from tutelage.evaluation.drift import measure_drift
    from tutelage.evaluation.plan import plan_survey, write_plan
    from tutelage.export import export_model
    from tutelage.localizer import Localizer
    from tutelage.methods.matcher import PretrainedMatcher, pretrain
    from tutelage.networks import check_network, network_names, register_network
    from tutelage.paper.expert_training import Teacher, teach
    from tutelage.runtime.frames import LocalFrame
    from tutelage.runtime.positions import Positions
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
    "PretrainedMatcher",
    "RssRepresentation",
    "RunOptions",
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
    "pretrain",
    "register_network",
    "simulated_survey",
    "split_by_device",
    "split_by_position",
    "split_by_time",
    "split_by_user",
    "teach",
    "tune",
    "updated",
    "write_comparison",
    "write_plan",
    "write_report",
]

_HOME = {
    "Budget": "tutelage.training",
    "CoordinateScaler": "tutelage.data.representation",
    "Evaluation": "tutelage.evaluation",
    "FingerprintSet": "tutelage.data.fingerprints",
    "LocalFrame": "tutelage.runtime.frames",
    "Localizer": "tutelage.localizer",
    "Positions": "tutelage.runtime.positions",
    "RssRepresentation": "tutelage.data.representation",
    "RunOptions": "tutelage.training",
    "PretrainedMatcher": "tutelage.methods.matcher",
    "Survey": "tutelage.data.fingerprints",
    "Teacher": "tutelage.paper.expert_training",
    "TutelageError": "tutelage.errors",
    "candidates": "tutelage.evaluation.compare",
    "check_network": "tutelage.networks",
    "check_survey": "tutelage.data.check",
    "compare": "tutelage.evaluation.compare",
    "dataset_table": "tutelage.data.surveys",
    "evaluate": "tutelage.evaluation",
    "export_model": "tutelage.export",
    "export_survey": "tutelage.data.surveys",
    "fetch": "tutelage.data.surveys",
    "load": "tutelage.data.surveys",
    "measure_drift": "tutelage.evaluation.drift",
    "network_names": "tutelage.networks",
    "plan_survey": "tutelage.evaluation.plan",
    "register_network": "tutelage.networks",
    "simulated_survey": "tutelage.data.surveys",
    "split_by_device": "tutelage.data.splits",
    "split_by_position": "tutelage.data.splits",
    "split_by_time": "tutelage.data.splits",
    "split_by_user": "tutelage.data.splits",
    "teach": "tutelage.paper.expert_training",
    "pretrain": "tutelage.methods.matcher",
    "tune": "tutelage.tuning",
    "updated": "tutelage.updating",
    "write_comparison": "tutelage.evaluation.compare",
    "write_plan": "tutelage.evaluation.plan",
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
