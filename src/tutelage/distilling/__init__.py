"""Expert Distilling (phase 2): learning a target building from several teachers at once."""

from tutelage.distilling.expert_distilling import TeacherChoice, Watch, distil
from tutelage.distilling.objective import overall_loss
from tutelage.distilling.pairing import Pairing
from tutelage.distilling.recipe import DistillingRecipe, distilling_recipe

__all__ = [
    "DistillingRecipe",
    "Pairing",
    "TeacherChoice",
    "Watch",
    "distil",
    "distilling_recipe",
    "overall_loss",
]
