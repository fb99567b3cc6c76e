"""J_MI: what the teacher's representation tells about the student's, and the other way round.

Everything here is to be maximised; who minimises changes the sign.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tutelage.errors import UnknownNameError

__all__ = [
    "MutualInformationEstimator",
    "infonce",
    "jensen_shannon",
    "mutual_information",
    "shifted_estimate",
]

_FORMS = ("jensen_shannon", "infonce")


class MutualInformationEstimator(nn.Module):
    """Psi: scores whether two representations belong together; one network for all teachers.

    An MLP over [z_teacher ; z_student] with layers width, width, 1 and ReLU between them.

    Parameters
    ----------
    d_e : length of a representation, the same for the student and every teacher
    width : units of the two hidden layers

    Source: Paper, section 3.2; the layers follow Deep InfoMax, which the paper cites for Psi.
    """

    def __init__(self, d_e: int, width: int = 512) -> None:
        super().__init__()
        self.first = nn.Linear(2 * d_e, width)
        self.rest = nn.Sequential(nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, z_teacher: Tensor, z_student: Tensor) -> Tensor:
        """[B] scores of the pairs (z_teacher[k], z_student[k]), each [B, d_e]."""
        from_teacher, from_student = self._halves(z_teacher, z_student)
        return self._score(from_teacher + from_student)

    def joint_and_shuffled(
        self, z_teacher: Tensor, z_student: Tensor, permutation: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """[B] scores of the pairs as they are, and [B] with the student's rows permuted.

        Without `permutation` each teacher row meets the student row before it.
        """
        from_teacher, from_student = self._halves(z_teacher, z_student)
        shuffled = from_student.roll(1, dims=0) if permutation is None else from_student[permutation]
        return self._score(from_teacher + from_student), self._score(from_teacher + shuffled)

    def all_pairs(self, z_teacher: Tensor, z_student: Tensor) -> Tensor:
        """[B_t, B_s] scores of every pair (z_teacher[i], z_student[j])."""
        from_teacher, from_student = self._halves(z_teacher, z_student)
        return self._score(from_teacher[:, None] + from_student[None, :])

    def _halves(self, z_teacher: Tensor, z_student: Tensor) -> tuple[Tensor, Tensor]:
        """W [z_t ; z_s] = W_t z_t + W_s z_s: the first layer runs once a sample, however they are paired."""
        to_teacher, to_student = self.first.weight.chunk(2, dim=1)
        return F.linear(z_teacher, to_teacher, self.first.bias), F.linear(z_student, to_student)

    def _score(self, first: Tensor) -> Tensor:
        scores: Tensor = self.rest(first)
        return scores.squeeze(-1)


def jensen_shannon(scores_joint: Tensor, scores_shuffled: Tensor) -> Tensor:
    """Jensen-Shannon bound for one teacher.

    J = -E_joint softplus(-Psi) - E_shuffled softplus(Psi)

    Parameters
    ----------
    scores_joint : [B] scores of pairs that belong together
    scores_shuffled : [B] scores of pairs that do not

    Returns
    -------
    Scalar below 0; -2 log 2 where Psi cannot tell the pairs apart.

    Source: Paper, Eq. 4.
    """
    return -F.softplus(-scores_joint).mean() - F.softplus(scores_shuffled).mean()


def shifted_estimate(jensen_shannon_bound: Tensor) -> Tensor:
    """The Jensen-Shannon divergence itself, in nats: JSD = J / 2 + log 2, from 0 to log 2.

    For logs and plots, where 0 should mean "nothing in common". Eq. 13-14 of the paper drop the constant.
    """
    return jensen_shannon_bound / 2 + math.log(2)


def infonce(scores: Tensor) -> Tensor:
    """InfoNCE bound on the mutual information, in nats.

    I >= log B + 1/B sum_i log( exp s_ii / sum_j exp s_ij )

    Parameters
    ----------
    scores : [B, B], the pairs that belong together on the diagonal, all others are negatives

    Returns
    -------
    Scalar, at most log B; 0 where the scores cannot tell the pairs apart.

    Source: van den Oord et al. 2018 (Contrastive Predictive Coding); an option, not in the paper.
    """
    log_share = scores.diagonal() - torch.logsumexp(scores, dim=1)
    return log_share.mean() + math.log(len(scores))


def mutual_information(
    psi: MutualInformationEstimator,
    z_student: Tensor,
    z_teacher: Tensor,
    *,
    permutation: Tensor | None = None,
    form: str = "jensen_shannon",
) -> Tensor:
    """Bound on what the student and one teacher have in common, to be maximised.

    Parameters
    ----------
    psi : the estimator, learnt together with the student
    z_student, z_teacher : [B, d_e], row k of one is paired with row k of the other
    permutation : [B] int, the student's row that shuffled pair k takes
        It should leave no row in place. Without it, each teacher row meets the student row before it.
        Not used by "infonce", which compares every row with every other.
    form : "jensen_shannon" (Eq. 4) or "infonce"

    Returns
    -------
    Scalar in nats.

    Raises
    ------
    UnknownNameError
        If there is no such form.
    """
    if form not in _FORMS:
        raise UnknownNameError("form of mutual information", form, _FORMS)
    if form == "infonce":
        return infonce(psi.all_pairs(z_teacher, z_student))
    return jensen_shannon(*psi.joint_and_shuffled(z_teacher, z_student, permutation))
