"""Which generated sample a student's sample is compared with (A4 in docs/method.md)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional as F

from tutelage.paper.expert_distilling.distilling_recipe import DistillingRecipe
from tutelage.paper.expert_training import Generated, Teacher
from tutelage.training import Batch

__all__ = ["Pairing"]


class Pairing:
    """Asks every teacher for one representation for each sample of a batch.

    Parameters
    ----------
    teachers : frozen surrogate teachers
    recipe : `pairing` says how
    n_scans : size of the target's training set
    device : of the run

    Notes
    -----
    Make it inside the run's seeded block: `fixed_noise` draws its noise here.
    """

    def __init__(
        self, teachers: Sequence[Teacher], recipe: DistillingRecipe, n_scans: int, device: torch.device
    ) -> None:
        self.mode = recipe.pairing
        self.generators = [teacher.generator.to(device) for teacher in teachers]
        self.histograms = [torch.tensor(teacher.card.place_histogram, device=device) for teacher in teachers]
        self.kept_noise = (
            [g.noise(n_scans, device) for g in self.generators] if self.mode == "fixed_noise" else []
        )

    @property
    def extractors(self) -> list[nn.Module]:
        """E^G of each teacher."""
        return [generator.extractor for generator in self.generators]

    @torch.no_grad()
    def __call__(self, batch: Batch, z_student: Tensor) -> list[Generated]:
        """One `Generated` a teacher, row k to be compared with row k of `z_student` [B, d_E]."""
        return [self._ask(i, batch, z_student) for i in range(len(self.generators))]

    def _ask(self, i: int, batch: Batch, z_student: Tensor) -> Generated:
        generator, n, device = self.generators[i], len(batch.index), batch.place.device
        noise = self.kept_noise[i][batch.index] if self.kept_noise else generator.noise(n, device)
        at_own_place = self.mode in ("location", "fixed_noise")
        place = batch.place if at_own_place else places_from(self.histograms[i], n)
        drawn: Generated = generator(noise, place)
        if self.mode == "transport":
            order = nearest_by_transport(z_student, drawn.z_e)
            return Generated(drawn.z_f[order], drawn.z_e[order])
        return drawn


def places_from(histogram: Tensor, n: int) -> Tensor:
    """[n, 2] places in the unit square, drawn from a teacher's histogram [rows, columns]."""
    rows, columns = histogram.shape
    cell = torch.multinomial(histogram.flatten(), n, replacement=True)
    corner = torch.stack([cell % columns, cell.div(columns, rounding_mode="floor")], dim=1)
    size = torch.tensor([columns, rows], device=histogram.device)
    return (corner + torch.rand(n, 2, device=histogram.device)) / size


def nearest_by_transport(z_student: Tensor, z_teacher: Tensor) -> Tensor:
    """[B] int64: the teacher's row for each student's row, so that the total cosine is largest."""
    cosine = F.normalize(z_student, dim=1) @ F.normalize(z_teacher, dim=1).T
    _, columns = linear_sum_assignment(cosine.cpu().numpy(), maximize=True)
    return torch.as_tensor(columns, device=z_student.device)
