"""The paper's method in Keras 3: constraints, students, and surrogate teachers in tutelage's files."""

from tutelage_keras.constraints import (
    MutualInformationEstimator,
    angular_similarity,
    functional_information,
    largest_singular_value,
    mean_distance,
    mutual_information,
)
from tutelage_keras.expert_distilling import RECIPES, DistillingRecipe, ExpertDistilling
from tutelage_keras.expert_training import Critic, TeachingRecipe, teach
from tutelage_keras.gradients import gradient, gradient_of_weights
from tutelage_keras.inputs import Frame, to_strength
from tutelage_keras.student import Representations, Student, check_student, dnn, position_error
from tutelage_keras.teacher import Generated, Generator, Teacher

__all__ = [
    "RECIPES",
    "Critic",
    "DistillingRecipe",
    "ExpertDistilling",
    "Frame",
    "Generated",
    "Generator",
    "MutualInformationEstimator",
    "Representations",
    "Student",
    "Teacher",
    "TeachingRecipe",
    "angular_similarity",
    "check_student",
    "dnn",
    "functional_information",
    "gradient",
    "gradient_of_weights",
    "largest_singular_value",
    "mean_distance",
    "mutual_information",
    "position_error",
    "teach",
    "to_strength",
]
