"""What the command line shows: tables for people, JSON for machines."""

from __future__ import annotations

from tutelage.presentation.answers import positions_text
from tutelage.presentation.comparisons import fit_words, show_comparison
from tutelage.presentation.console import show_pairs, tell
from tutelage.presentation.drifts import show_drift
from tutelage.presentation.evaluations import show_evaluations
from tutelage.presentation.exports import show_export
from tutelage.presentation.models import show_fit, tell_radii_left_out
from tutelage.presentation.plans import show_plan
from tutelage.presentation.searches import show_tuned
from tutelage.presentation.surveys import show_check, show_datasets, show_survey, show_written_survey
from tutelage.presentation.teachers import show_teachers, show_zoo
from tutelage.presentation.wording import plain

__all__ = [
    "fit_words",
    "plain",
    "positions_text",
    "show_check",
    "show_comparison",
    "show_datasets",
    "show_drift",
    "show_evaluations",
    "show_export",
    "show_fit",
    "show_pairs",
    "show_plan",
    "show_survey",
    "show_teachers",
    "show_tuned",
    "show_written_survey",
    "show_zoo",
    "tell",
    "tell_radii_left_out",
]
