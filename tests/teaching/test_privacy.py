"""What a teacher gives away: the attack's figure, and that it finds a teacher that learnt by heart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tutelage.paper.expert_training import Generator
from tutelage.paper.expert_training.teacher_privacy import closeness, membership

pytestmark = pytest.mark.slow  # what they share takes long to make

some = arrays(np.float64, st.integers(1, 12), elements=st.integers(-4, 4).map(float))


@given(some, some)
def test_membership_is_the_share_of_pairs_in_the_right_order(learnt: np.ndarray, other: np.ndarray) -> None:
    wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a in learnt for b in other]
    assert membership(learnt, other) == pytest.approx(sum(wins) / len(wins))


@given(some, some)
def test_membership_turns_around_when_the_scans_change_sides(learnt: np.ndarray, other: np.ndarray) -> None:
    assert membership(learnt, other) == pytest.approx(1 - membership(other, learnt))


@given(some, some)
def test_membership_asks_for_the_order_alone(learnt: np.ndarray, other: np.ndarray) -> None:
    assert membership(np.exp(learnt), np.exp(other)) == membership(learnt, other)


def test_closeness_is_the_mean_cosine_over_draws_of_noise() -> None:
    generator = Generator(5, d_noise=3, d_f=8, conditioned=True).eval()
    z_e, place = torch.randn(6, 5), torch.rand(6, 2)
    torch.manual_seed(1)
    found = closeness(generator, z_e, place)
    torch.manual_seed(1)
    draws = [generator(generator.noise(6, torch.device("cpu")), place).z_e.detach() for _ in range(8)]
    for i in range(6):
        cosines = [float(z[i] @ z_e[i] / (z[i].norm() * z_e[i].norm())) for z in draws]
        assert found[i] == pytest.approx(sum(cosines) / 8, abs=1e-6)


def test_a_teacher_that_learnt_its_scans_by_heart_is_found_out() -> None:
    torch.manual_seed(0)
    generator = Generator(8, d_noise=2, d_f=32, conditioned=True)
    place, z_e = torch.rand(40, 2), torch.randn(40, 8)
    learnt, other = slice(0, 20), slice(20, 40)
    optimizer = torch.optim.Adam(generator.parameters(), lr=1e-2)
    for _ in range(300):
        noise = generator.noise(20, torch.device("cpu"))
        loss = (generator(noise, place[learnt]).z_e - z_e[learnt]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    known, unknown = (closeness(generator, z_e[side], place[side]) for side in (learnt, other))
    assert membership(known, unknown) > 0.9
