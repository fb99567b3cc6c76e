"""Expert Training (phase 1): surrogate teachers of source buildings."""

from tutelage.teaching.expert_training import teach
from tutelage.teaching.generator import Critic, Generated, Generator, gradient_penalty
from tutelage.teaching.recipe import PAPER_INPUT, TeachingRecipe, teaching_recipe
from tutelage.teaching.sources import same_building
from tutelage.teaching.teacher import Privacy, Quality, Teacher, TeacherCard, untrained_teacher

__all__ = [
    "PAPER_INPUT",
    "Critic",
    "Generated",
    "Generator",
    "Privacy",
    "Quality",
    "Teacher",
    "TeacherCard",
    "TeachingRecipe",
    "gradient_penalty",
    "same_building",
    "teach",
    "teaching_recipe",
    "untrained_teacher",
]
