"""How far generated representations are from real ones, in cases with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from tutelage.paper.expert_training.generated_distances import frechet_distance, nearest_distance
from tutelage.paper.expert_training.surrogate_teacher import Quality

FIGURES = {
    "source_mae_m": 1.0, "generator_mae_m": 2.0, "centroid_mae_m": 3.0, "angular_similarity": 0.9,
    "spread": 0.8, "diversity": 0.1,
}  # fmt: skip


def rows(n: int, d: int, seed: int) -> Tensor:
    return torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_frechet_distance_of_the_same_rows_is_0_and_of_a_constant_at_their_mean_1() -> None:
    real = rows(50, 6, 0) @ rows(6, 6, 1)
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(real, real[torch.randperm(50)]) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(real, real.mean(dim=0).expand(20, 6)) == pytest.approx(1)


def test_frechet_distance_of_a_shift_and_of_a_scale_are_known() -> None:
    real = rows(50, 3, 0)
    variance = float(real.var(dim=0, correction=0).sum())
    assert frechet_distance(real, real + 2.0) == pytest.approx(3 * 4 / variance)
    scaled = real.mean(dim=0) + 3 * (real - real.mean(dim=0))
    assert frechet_distance(real, scaled) == pytest.approx(4)  # (3 - 1)^2 of the variance


@pytest.mark.parametrize(("n", "m", "d"), [(40, 30, 5), (4, 7, 6)])
def test_frechet_distance_equals_the_root_of_the_covariances(n: int, m: int, d: int) -> None:
    real, generated = rows(n, d, 0), rows(m, d, 1) @ rows(d, d, 2)
    first, second = (np.cov(each.numpy().T, bias=True) for each in (real, generated))
    eigenvalues, vectors = np.linalg.eigh(first)
    root = vectors @ np.diag(np.sqrt(eigenvalues.clip(0))) @ vectors.T
    inner = np.linalg.eigvalsh(root @ second @ root).clip(0)
    shift = float((real.mean(0) - generated.mean(0)).square().sum())
    expected = shift + np.trace(first) + np.trace(second) - 2 * np.sqrt(inner).sum()
    assert frechet_distance(real, generated) == pytest.approx(expected / np.trace(first))


def test_nearest_distance_is_that_of_generated_rows_over_that_of_new_ones() -> None:
    real = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    new = torch.tensor([[1.0, 0.0], [10.0, 3.0]])  # 1 and 3 away
    generated = torch.tensor([[0.0, 4.0], [10.0, 8.0], [9.0, 0.0], [10.0, 11.0]])  # 4, 8, 1, 11
    assert nearest_distance(real, new, generated) == pytest.approx(6 / 2)
    assert nearest_distance(real, new, real) == 0


def test_card_from_before_the_distances_keeps_its_content() -> None:
    assert Quality(**FIGURES).model_dump() == FIGURES
    measured = Quality(**FIGURES, frechet=0.5, nearest=1.2)
    assert measured.model_dump() == FIGURES | {"frechet": 0.5, "nearest": 1.2}
    assert Quality.model_validate_json(measured.model_dump_json()) == measured
