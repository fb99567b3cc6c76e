"""The paper's constraints as pure functions: tensors in, one scalar out.

Each function takes one student and one teacher. Weights, signs and the sum over teachers belong to the
objectives that use them (Eq. 12). Where the paper can be read in several ways, the argument `form` chooses.

J_MAE  `mean_distance`           the position is right (Eq. 2)
J_Sim  `angular_similarity`      representations point the same way, by a margin (Eq. 1)
J_MI   `mutual_information`      one representation tells about the other (Eq. 4); to be maximised
J_FI   `functional_information`  both extractors are equally sensitive to their input (Eq. 8-11)
"""

from tutelage.losses.angular_similarity import angular_similarity
from tutelage.losses.functional_information import (
    compare_norms,
    functional_information,
    sensitivity,
    transmitting_matrix,
)
from tutelage.losses.localization_error import mean_distance
from tutelage.losses.mutual_information import (
    MutualInformationEstimator,
    infonce,
    jensen_shannon,
    mutual_information,
    shifted_estimate,
)
from tutelage.losses.singular_values import jacobian_spectral_norm, largest_singular_value

__all__ = [
    "MutualInformationEstimator",
    "angular_similarity",
    "compare_norms",
    "functional_information",
    "infonce",
    "jacobian_spectral_norm",
    "jensen_shannon",
    "largest_singular_value",
    "mean_distance",
    "mutual_information",
    "sensitivity",
    "shifted_estimate",
    "transmitting_matrix",
]
