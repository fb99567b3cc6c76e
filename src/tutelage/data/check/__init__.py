"""Survey check: what is wrong with a survey, before a model learns from it."""

from tutelage.data.check.capture_findings import capture_warnings
from tutelage.data.check.findings import Finding
from tutelage.data.check.survey_check import SurveyCheck, check_survey

__all__ = ["Finding", "SurveyCheck", "capture_warnings", "check_survey"]
