"""Tuning: the search over architectures, settings of learning and weights of the constraints."""

from tutelage.tuning.report import write_search_report
from tutelage.tuning.search import tune
from tutelage.tuning.spaces import SPACES, Plan, default_spaces, search_plan

__all__ = ["SPACES", "Plan", "default_spaces", "search_plan", "tune", "write_search_report"]
