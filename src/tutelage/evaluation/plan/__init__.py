"""How much more to survey: learning curves over reference points, and where the model is least sure."""

from tutelage.evaluation.plan.learning_curve import LITTLE_M, Estimate, LearningCurve, Verdict, learning_curve
from tutelage.evaluation.plan.plan_page import write_plan
from tutelage.evaluation.plan.power_law import PowerLaw, fit_power_law
from tutelage.evaluation.plan.sampling import SHARES, Repetition, Sampling, repetitions, sampling
from tutelage.evaluation.plan.survey_plan import SurveyPlan, plan
from tutelage.evaluation.plan.surveyed_places import SurveyedPlaces, surveyed_places

__all__ = [
    "LITTLE_M",
    "SHARES",
    "Estimate",
    "LearningCurve",
    "PowerLaw",
    "Repetition",
    "Sampling",
    "SurveyPlan",
    "SurveyedPlaces",
    "Verdict",
    "fit_power_law",
    "learning_curve",
    "plan",
    "repetitions",
    "sampling",
    "surveyed_places",
    "write_plan",
]
