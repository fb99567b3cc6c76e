"""How much more to survey: learning curves over reference points, and where the model is least sure."""

from tutelage.planning.curve import LITTLE_M, Estimate, LearningCurve, Verdict, learning_curve
from tutelage.planning.page import write_plan
from tutelage.planning.places import SurveyedPlaces, surveyed_places
from tutelage.planning.plan import SurveyPlan, plan_survey, planning_method
from tutelage.planning.power_law import PowerLaw, fit_power_law
from tutelage.planning.sampling import SHARES, Repetition, repetitions

__all__ = [
    "LITTLE_M",
    "SHARES",
    "Estimate",
    "LearningCurve",
    "PowerLaw",
    "Repetition",
    "SurveyPlan",
    "SurveyedPlaces",
    "Verdict",
    "fit_power_law",
    "learning_curve",
    "plan_survey",
    "planning_method",
    "repetitions",
    "surveyed_places",
    "write_plan",
]
