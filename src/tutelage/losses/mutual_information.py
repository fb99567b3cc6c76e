"""J_MI: what the teacher's representation tells about the student's, and the other way round.

Everything here is to be maximised; an objective that is minimised changes the sign.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tutelage.errors import UnknownNameError
from tutelage.precision import full

__all__ = [
    "MutualInformationEstimator",
    "infonce",
    "jensen_shannon",
    "mutual_information",
    "shifted_estimate",
]

_FORMS = ("jensen_shannon", "infonce")


class MutualInformationEstimator(nn.Module):
    """Psi scores whether two representations belong together; one network serves all teachers.

    It is an MLP over [z_teacher ; z_student] with layers width, width, 1 and ReLU between them.

    Parameters
    ----------
    d_e : int
        Length of a representation, the same for the student and every teacher.
    width : int, default 512
        Units of the two hidden layers.

    Notes
    -----
    Source: Paper, section 3.2. The layers follow Deep InfoMax, which the paper cites for Psi.
    """

    def __init__(self, d_e: int, width: int = 512) -> None:
        super().__init__()
        self.first = nn.Linear(2 * d_e, width)
        self.rest = nn.Sequential(nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, z_teacher: Tensor, z_student: Tensor) -> Tensor:
        """Score pairs of representations.

        Parameters
        ----------
        z_teacher, z_student : Tensor
            Representations [B, d_e]; row k of one is paired with row k of the other.

        Returns
        -------
        Tensor
            Scores [B] of the pairs (z_teacher[k], z_student[k]).
        """
        from_teacher, from_student = self._halves(z_teacher, z_student)
        return self._score(from_teacher + from_student)

    def joint_and_shuffled(
        self, z_teacher: Tensor, z_student: Tensor, permutation: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Score the pairs as they are, and the pairs with the student's rows permuted.

        Parameters
        ----------
        z_teacher, z_student : Tensor
            Representations [B, d_e]; row k of one belongs to row k of the other.
        permutation : Tensor, optional
            The student's row [B] that each teacher row meets. By default it is the row before it.

        Returns
        -------
        joint, shuffled : Tensor
            Scores [B] and [B].
        """
        from_teacher, from_student = self._halves(z_teacher, z_student)
        shuffled = from_student.roll(1, dims=0) if permutation is None else from_student[permutation]
        return self._score(from_teacher + from_student), self._score(from_teacher + shuffled)

    def all_pairs(self, z_teacher: Tensor, z_student: Tensor) -> Tensor:
        """Score every teacher row with every student row.

        Parameters
        ----------
        z_teacher, z_student : Tensor
            Representations [B_t, d_e] and [B_s, d_e].

        Returns
        -------
        Tensor
            Scores [B_t, B_s] of the pairs (z_teacher[i], z_student[j]).
        """
        from_teacher, from_student = self._halves(z_teacher, z_student)
        return self._score(from_teacher[:, None] + from_student[None, :])

    def _halves(self, z_teacher: Tensor, z_student: Tensor) -> tuple[Tensor, Tensor]:
        """W [z_t ; z_s] = W_t z_t + W_s z_s: the first layer runs once a sample, however they are paired."""
        to_teacher, to_student = self.first.weight.chunk(2, dim=1)
        return F.linear(z_teacher, to_teacher, self.first.bias), F.linear(z_student, to_student)

    def _score(self, first: Tensor) -> Tensor:
        scores: Tensor = self.rest(first)
        return full(scores).squeeze(-1)


def jensen_shannon(scores_joint: Tensor, scores_shuffled: Tensor) -> Tensor:
    """Compute the Jensen-Shannon bound for one teacher (Eq. 4).

    J = -E_joint softplus(-Psi) - E_shuffled softplus(Psi)

    Parameters
    ----------
    scores_joint : Tensor
        Scores [B] of pairs that belong together.
    scores_shuffled : Tensor
        Scores [B] of pairs that do not.

    Returns
    -------
    Tensor
        Scalar below 0. It is -2 log 2 where Psi cannot tell the pairs apart.

    Notes
    -----
    Source: Paper, Eq. 4.
    """
    return -F.softplus(-scores_joint).mean() - F.softplus(scores_shuffled).mean()


def shifted_estimate(jensen_shannon_bound: Tensor) -> Tensor:
    """Turn the bound into the Jensen-Shannon divergence itself: JSD = J / 2 + log 2.

    Logs and plots show it, because there 0 should mean "nothing in common".

    Parameters
    ----------
    jensen_shannon_bound : Tensor
        Scalar from `jensen_shannon`.

    Returns
    -------
    Tensor
        Scalar in nats, from 0 to log 2.

    Notes
    -----
    Eq. 13-14 of the paper drop the constant.
    """
    return jensen_shannon_bound / 2 + math.log(2)


def infonce(scores: Tensor) -> Tensor:
    """Compute the InfoNCE bound on the mutual information.

    I >= log B + 1/B sum_i log( exp s_ii / sum_j exp s_ij )

    Parameters
    ----------
    scores : Tensor
        Scores [B, B]. The pairs that belong together stand on the diagonal; all others are negatives.

    Returns
    -------
    Tensor
        Scalar in nats, at most log B. It is 0 where the scores cannot tell the pairs apart.

    Notes
    -----
    Source: van den Oord et al. 2018 (Contrastive Predictive Coding). It is an option, not in the paper.
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
    """Compute J_MI, a bound on what the student and one teacher have in common; to be maximised.

    Parameters
    ----------
    psi : MutualInformationEstimator
        The estimator, learnt together with the student.
    z_student, z_teacher : Tensor
        Representations [B, d_e]; row k of one is paired with row k of the other.
    permutation : Tensor, optional
        The student's row [B] that shuffled pair k takes. It should leave no row in place. By default, each
        teacher row meets the student row before it. "infonce" does not use it: it compares every row with
        every other.
    form : {"jensen_shannon", "infonce"}
        Which bound: Eq. 4, or InfoNCE.

    Returns
    -------
    Tensor
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
