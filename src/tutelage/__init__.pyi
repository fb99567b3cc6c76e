"""What `import tutelage` offers, and where each name lives."""

from .data.check import check_survey
from .data.fingerprints import FingerprintSet, Survey
from .data.representation import CoordinateScaler, RssRepresentation
from .data.splits import split_by_device, split_by_position, split_by_time, split_by_user
from .data.surveys import dataset_table, export_survey, fetch, load, simulated_survey
from .errors import TutelageError
from .evaluation import Evaluation, evaluate, write_report
from .evaluation.compare import candidate, candidates, compare, write_comparison
from .evaluation.drift import measure_drift
from .evaluation.plan import plan, write_plan
from .export import export_model
from .localizer import Localizer
from .methods.base import FitPlan, Fitted, FittedMethod, MethodSpec, UpdateSpec
from .methods.lineage import Lineage, MethodLineage
from .methods.matcher.pretrained import PretrainedMatcher, pretrain
from .methods.method_contract import check_method
from .methods.method_registry import method_names, register_method
from .networks import check_network, network_names, register_network
from .paper.expert_training import Teacher, teach
from .runtime.frames import LocalFrame
from .runtime.positions import Positions
from .training import Budget, RunOptions
from .tuning import tune
from .updating import update

__all__ = [
    "Budget",
    "CoordinateScaler",
    "Evaluation",
    "FingerprintSet",
    "FitPlan",
    "Fitted",
    "FittedMethod",
    "Lineage",
    "LocalFrame",
    "Localizer",
    "MethodLineage",
    "MethodSpec",
    "Positions",
    "PretrainedMatcher",
    "RssRepresentation",
    "RunOptions",
    "Survey",
    "Teacher",
    "TutelageError",
    "UpdateSpec",
    "candidate",
    "candidates",
    "check_method",
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
    "method_names",
    "network_names",
    "plan",
    "pretrain",
    "register_method",
    "register_network",
    "simulated_survey",
    "split_by_device",
    "split_by_position",
    "split_by_time",
    "split_by_user",
    "teach",
    "tune",
    "update",
    "write_comparison",
    "write_plan",
    "write_report",
]
