"""Which generated sample meets a student's sample."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.paper.expert_distilling import Pairing, distilling_recipe
from tutelage.paper.expert_distilling.pairing import nearest_by_transport, places_from
from tutelage.paper.expert_training import Teacher
from tutelage.training import Batch, TrainingData

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data(target: FingerprintSet) -> TrainingData:
    scaler = CoordinateScaler.fit(target.known_position_m)
    return TrainingData(target, RssRepresentation.fit(target), scaler, CPU)


def make_pairing(mode: str, teachers: list[Teacher], data: TrainingData) -> Pairing:
    torch.manual_seed(0)
    return Pairing(teachers, distilling_recipe("default", {"pairing": mode}), len(data), CPU)


def places_asked(pairing: Pairing, batch: Batch, z_student: Tensor) -> list[Tensor]:
    """The places that each generator was asked for."""
    seen: list[Tensor] = []

    def watch(_: nn.Module, arguments: tuple[Any, ...]) -> None:
        seen.append(arguments[1])

    hooks = [generator.register_forward_pre_hook(watch) for generator in pairing.generators]
    pairing(batch, z_student)
    for hook in hooks:
        hook.remove()
    return seen


# -- the places of a histogram ------------------------------------------------------------------------


def test_places_fall_in_occupied_cells_only_and_in_all_of_them() -> None:
    torch.manual_seed(0)
    histogram = torch.tensor([[0.0, 0.5, 0.0, 0.0], [0.25, 0.0, 0.0, 0.25]])  # y in rows, x in columns
    place = places_from(histogram, 4000).numpy()
    assert ((place >= 0) & (place <= 1)).all()
    counts, _, _ = np.histogram2d(place[:, 1], place[:, 0], bins=(2, 4), range=[[0, 1], [0, 1]])
    np.testing.assert_array_equal(counts > 0, histogram.numpy() > 0)
    np.testing.assert_allclose(counts / 4000, histogram.numpy(), atol=0.04)


# -- the modes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["location", "fixed_noise"])
def test_by_location_every_teacher_is_asked_for_the_places_of_the_batch(
    mode: str, teachers: list[Teacher], data: TrainingData
) -> None:
    batch = data.batch(0, 32, seed=0)
    asked = places_asked(make_pairing(mode, teachers, data), batch, torch.rand(32, 16))
    assert len(asked) == 2
    assert all(torch.equal(place, batch.place) for place in asked)


@pytest.mark.parametrize("mode", ["random", "transport"])
def test_at_random_every_teacher_is_asked_for_places_of_its_own_histogram(
    mode: str, teachers: list[Teacher], data: TrainingData
) -> None:
    pairing, batch = make_pairing(mode, teachers, data), data.batch(0, 64, seed=0)
    for place, teacher in zip(places_asked(pairing, batch, torch.rand(64, 16)), teachers, strict=True):
        assert not torch.equal(place, batch.place)
        column, row = (place * 16).long().clamp_max(15).T
        shares = torch.tensor(teacher.card.place_histogram)
        assert (shares == 0).any()
        assert (shares[row, column] > 0).all()


def test_fixed_noise_repeats_for_a_scan_and_fresh_noise_does_not(
    teachers: list[Teacher], data: TrainingData
) -> None:
    batch, z_student = data.batch(0, 32, seed=0), torch.rand(32, 16)
    backwards = data.at(batch.index.flip(0))
    fixed, fresh = (make_pairing(mode, teachers, data) for mode in ("fixed_noise", "location"))
    for before, after in zip(fixed(batch, z_student), fixed(backwards, z_student), strict=True):
        torch.testing.assert_close(after.z_e.flip(0), before.z_e)
    for before, after in zip(fresh(batch, z_student), fresh(batch, z_student), strict=True):
        assert not torch.equal(before.z_e, after.z_e)


@pytest.mark.parametrize("mode", ["random", "location", "transport", "fixed_noise"])
def test_pairing_gives_z_f_and_z_e_of_the_same_samples_without_gradient(
    mode: str, teachers: list[Teacher], data: TrainingData
) -> None:
    pairing = make_pairing(mode, teachers, data)
    taught = pairing(data.batch(0, 32, seed=0), torch.rand(32, 16, requires_grad=True))
    assert len(taught) == 2
    for extractor, pair in zip(pairing.extractors, taught, strict=True):
        torch.testing.assert_close(extractor(pair.z_f), pair.z_e)
        assert not pair.z_f.requires_grad
        assert not pair.z_e.requires_grad


# -- optimal transport ------------------------------------------------------------------------------


def total_cosine(z_student: Tensor, z_teacher: Tensor) -> float:
    return float(F.cosine_similarity(z_student, z_teacher, dim=1).sum())


@settings(max_examples=30)
@given(n=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_transport_has_the_largest_total_cosine_of_all_pairings(n: int, seed: int) -> None:
    drawn = torch.Generator().manual_seed(seed)
    z_student, z_teacher = (torch.randn(n, 4, generator=drawn, dtype=torch.float64) for _ in range(2))
    order = nearest_by_transport(z_student, z_teacher)
    assert sorted(order.tolist()) == list(range(n))
    best = max(total_cosine(z_student, z_teacher[list(p)]) for p in itertools.permutations(range(n)))
    assert total_cosine(z_student, z_teacher[order]) == pytest.approx(best)


def test_transport_finds_back_a_shuffled_batch() -> None:
    z = torch.randn(40, 8)
    shuffle = torch.randperm(40)
    torch.testing.assert_close(z[shuffle][nearest_by_transport(z, z[shuffle])], z)
