"""Tuning: the search over architectures, settings of learning and weights of the constraints."""

from tutelage.tuning.search_report import write_search_report
from tutelage.tuning.search_spaces import SPACES, Plan, default_spaces, search_plan
from tutelage.tuning.settings_search import tune
from tutelage.tuning.study_file import TrialRecord, study_trials

__all__ = [
    "SPACES",
    "Plan",
    "TrialRecord",
    "default_spaces",
    "search_plan",
    "study_trials",
    "tune",
    "write_search_report",
]
