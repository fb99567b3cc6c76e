"""The reference points of a plan, for tests of surveys with positions."""

from __future__ import annotations

from tutelage.evaluation.plan.survey_plan import SurveyPlan
from tutelage.evaluation.plan.surveyed_places import SurveyedPlaces

__all__ = ["points_of"]


def points_of(plan: SurveyPlan) -> SurveyedPlaces:
    """Return the points of a plan of a survey with positions."""
    assert isinstance(plan.places, SurveyedPlaces)
    return plan.places
