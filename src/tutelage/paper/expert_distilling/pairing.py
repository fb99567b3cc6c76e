"""Which generated sample a student's sample is compared with (A4 in docs/concepts/framework.md)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional as F

from tutelage.paper.expert_distilling.distilling_recipe import DistillingRecipe
from tutelage.paper.expert_training import Generated, Teacher
from tutelage.training import Batch

__all__ = ["Pairing", "nearest_by_transport", "places_from"]


class Pairing:
    """Every teacher's representations for the samples of a batch.

    Make it inside the run's seeded block: `fixed_noise` draws its noise here.

    Parameters
    ----------
    teachers : sequence of Teacher
        Frozen surrogate teachers.
    recipe : DistillingRecipe
        `pairing` says which samples meet.
    n_scans : int
        Size of the target's training set.
    device : torch.device
        Device of the run.
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
        """Generate a sample for each scan of a batch, with every teacher.

        Parameters
        ----------
        batch : Batch
            B training scans.
        z_student : Tensor
            The student's Z_E [B, d_E].

        Returns
        -------
        list of Generated
            One for each teacher, row k to be compared with row k of `z_student`.
        """
        return [self._generate(i, batch, z_student) for i in range(len(self.generators))]

    def _generate(self, i: int, batch: Batch, z_student: Tensor) -> Generated:
        generator = self.generators[i]
        n = len(batch.index)
        device = batch.place.device
        noise = self.kept_noise[i][batch.index] if self.kept_noise else generator.noise(n, device)
        at_own_place = self.mode in ("location", "fixed_noise")
        place = batch.place if at_own_place else places_from(self.histograms[i], n)
        generated: Generated = generator(noise, place)
        if self.mode == "transport":
            order = nearest_by_transport(z_student, generated.z_e)
            return Generated(generated.z_f[order], generated.z_e[order])
        return generated


def places_from(histogram: Tensor, n: int) -> Tensor:
    """Draw places from a teacher's histogram.

    Parameters
    ----------
    histogram : Tensor
        Shares [rows, columns] over the unit square.
    n : int
        Number of places.

    Returns
    -------
    Tensor
        Places [n, 2] in the unit square.
    """
    rows, columns = histogram.shape
    cell = torch.multinomial(histogram.flatten(), n, replacement=True)
    corner = torch.stack([cell % columns, cell.div(columns, rounding_mode="floor")], dim=1)
    size = torch.tensor([columns, rows], device=histogram.device)
    return (corner + torch.rand(n, 2, device=histogram.device)) / size


def nearest_by_transport(z_student: Tensor, z_teacher: Tensor) -> Tensor:
    """Match rows of a student and a teacher so that the sum of their cosines is largest.

    Parameters
    ----------
    z_student, z_teacher : Tensor
        Representations [B, d_E].

    Returns
    -------
    Tensor
        The teacher's row for each row of the student, [B] int64.
    """
    cosine = F.normalize(z_student, dim=1) @ F.normalize(z_teacher, dim=1).T
    _, columns = linear_sum_assignment(cosine.cpu().numpy(), maximize=True)
    return torch.as_tensor(columns, device=z_student.device)
