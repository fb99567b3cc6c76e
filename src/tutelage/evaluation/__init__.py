"""Errors of positions: figures for a table, and a report to look at."""

from tutelage.evaluation.evaluate import DEFAULT_LEVEL, evaluate, n_learnt
from tutelage.evaluation.metrics import Evaluation, error_cdf, evaluate_positions
from tutelage.evaluation.positions_csv import positions_from_csv
from tutelage.evaluation.report import write_report

__all__ = [
    "DEFAULT_LEVEL",
    "Evaluation",
    "error_cdf",
    "evaluate",
    "evaluate_positions",
    "n_learnt",
    "positions_from_csv",
    "write_report",
]
