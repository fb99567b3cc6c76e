"""Expert Distilling (phase 2): learning a target building from several teachers at once."""

from tutelage.paper.expert_distilling.distilling_recipe import DistillingRecipe, distilling_recipe
from tutelage.paper.expert_distilling.pairing import Pairing
from tutelage.paper.expert_distilling.student_training import TeacherChoice, distil
from tutelage.paper.expert_distilling.total_loss import DistillingTerms, overall_loss

__all__ = [
    "DistillingRecipe",
    "DistillingTerms",
    "Pairing",
    "TeacherChoice",
    "distil",
    "distilling_recipe",
    "overall_loss",
]
