"""Expert Training (phase 1): surrogate teachers of source buildings."""

from tutelage.paper.expert_training.generator import Critic, Generated, Generator, gradient_penalty
from tutelage.paper.expert_training.surrogate_teacher import (
    Privacy,
    Quality,
    Teacher,
    TeacherCard,
    untrained_teacher,
)
from tutelage.paper.expert_training.teacher_training import teach
from tutelage.paper.expert_training.teaching_recipe import (
    PAPER_INPUT,
    PRINTED_INPUT,
    TeachingRecipe,
    teaching_recipe,
)

__all__ = [
    "PAPER_INPUT",
    "PRINTED_INPUT",
    "Critic",
    "Generated",
    "Generator",
    "Privacy",
    "Quality",
    "Teacher",
    "TeacherCard",
    "TeachingRecipe",
    "gradient_penalty",
    "teach",
    "teaching_recipe",
    "untrained_teacher",
]
