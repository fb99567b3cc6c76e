"""Tutelage: indoor positioning from radio fingerprints, and knowledge transfer between buildings.

>>> import tutelage as tt
>>> uji, tampere = tt.load("ujiindoorloc"), tt.load("tampere")
>>> teacher = tt.teach(uji, network="dnn")
>>> model = tt.Localizer(network="dnn", teachers=[teacher]).fit(tampere)
>>> tt.evaluate(model, tampere.test).figures()

Data flow from `load` through `teach` and `Localizer` to `evaluate`.
"""

from tutelage.datasets import dataset_table, fetch, load, simulated_survey
from tutelage.errors import TutelageError
from tutelage.evaluation import Evaluation, evaluate, write_report
from tutelage.fingerprints import FingerprintSet, Survey
from tutelage.frames import LocalFrame
from tutelage.localizer import Localizer
from tutelage.networks import check_network, network_names, register_network
from tutelage.positions import Positions
from tutelage.representation import CoordinateScaler, RssRepresentation
from tutelage.surveys import split_by_device, split_by_position, split_by_time, split_by_user
from tutelage.teaching import Teacher, teach
from tutelage.training import Budget, RunOptions

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
    "Survey",
    "Teacher",
    "TutelageError",
    "check_network",
    "dataset_table",
    "evaluate",
    "fetch",
    "load",
    "network_names",
    "register_network",
    "simulated_survey",
    "split_by_device",
    "split_by_position",
    "split_by_time",
    "split_by_user",
    "teach",
    "write_report",
]
