"""The surrogate teacher's networks: their layers, what they read, and the gradient penalty."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tutelage.paper.expert_training import Critic, Generator, gradient_penalty
from tutelage.paper.expert_training.generator import place_features

conditioned_or_not = pytest.mark.parametrize("conditioned", [True, False])


def make_generator(*, conditioned: bool, non_negative: bool = False) -> Generator:
    torch.manual_seed(0)
    return Generator(12, d_noise=8, d_f=20, conditioned=conditioned, non_negative=non_negative)


def linear_layers(module: nn.Module) -> list[nn.Linear]:
    return [part for part in module.modules() if isinstance(part, nn.Linear)]


@conditioned_or_not
def test_generator_has_two_layers_in_its_framer_and_one_in_its_extractor(conditioned: bool) -> None:
    generator = make_generator(conditioned=conditioned)
    assert [len(linear_layers(part)) for part in (generator.framer, generator.extractor)] == [2, 1]
    assert len(linear_layers(generator)) == 3
    out = generator(torch.randn(5, 8), torch.rand(5, 2))
    assert (out.z_f.shape, out.z_e.shape) == ((5, 20), (5, 12))
    torch.testing.assert_close(generator.extractor(out.z_f), out.z_e)


@conditioned_or_not
def test_critic_has_three_linear_layers_and_no_normalisation(conditioned: bool) -> None:
    critic = Critic(12, width=16, conditioned=conditioned)
    assert len(linear_layers(critic)) == 3
    kinds = {type(part) for part in critic.modules()} - {Critic, nn.Sequential}
    assert kinds == {nn.Linear, nn.LeakyReLU}
    assert critic(torch.randn(5, 12), torch.rand(5, 2)).shape == (5,)


@conditioned_or_not
def test_only_conditioned_networks_look_at_the_place(conditioned: bool) -> None:
    generator, critic = make_generator(conditioned=conditioned), Critic(12, width=16, conditioned=conditioned)
    noise, z_e, here, there = torch.randn(4, 8), torch.randn(4, 12), torch.rand(4, 2), torch.rand(4, 2)
    same = torch.equal(generator(noise, here).z_e, generator(noise, there).z_e)
    assert same is not conditioned
    assert torch.equal(critic(z_e, here), critic(z_e, there)) is not conditioned


def test_non_negative_generator_gives_no_negative_representation() -> None:
    noise, place = torch.randn(50, 8), torch.rand(50, 2)
    free, closed = (make_generator(conditioned=True, non_negative=flag) for flag in (False, True))
    assert (free(noise, place).z_e < 0).any()
    torch.testing.assert_close(closed(noise, place).z_e, free(noise, place).z_e.clamp_min(0))


@conditioned_or_not
def test_architecture_makes_a_generator_that_takes_the_same_weights(conditioned: bool) -> None:
    generator = make_generator(conditioned=conditioned, non_negative=True)
    again = Generator(**generator.architecture())  # type: ignore[arg-type]
    again.load_state_dict(generator.state_dict())
    noise, place = torch.randn(4, 8), torch.rand(4, 2)
    assert torch.equal(again(noise, place).z_e, generator(noise, place).z_e)


def test_place_features_of_the_centre_and_a_corner_are_known() -> None:
    centre, corner = place_features(torch.tensor([[0.5, 0.5], [1.0, 0.0]]))
    torch.testing.assert_close(centre, torch.tensor([0.0] * 10 + [1.0] * 8))
    # at +-1 every octave's angle is a whole multiple of pi: the first odd, the others even
    cosines = torch.tensor([-1.0, 1.0, 1.0, 1.0] * 2)
    torch.testing.assert_close(
        corner, torch.cat([torch.tensor([1.0, -1.0]), torch.zeros(8), cosines]), atol=1e-5, rtol=0
    )


# -- the gradient penalty ---------------------------------------------------------------------------


@pytest.mark.parametrize("norm", [0.0, 0.5, 1.0, 3.0])
def test_gradient_penalty_of_a_linear_critic_is_its_distance_from_norm_1(norm: float) -> None:
    critic = Critic(6, width=4, conditioned=False)
    linear = nn.Linear(6, 1)
    with torch.no_grad():
        linear.weight.copy_(norm * nn.functional.normalize(torch.randn(1, 6)))
    critic.layers = nn.Sequential(linear)
    penalty = gradient_penalty(critic, torch.randn(9, 6), torch.randn(9, 6), torch.rand(9, 2))
    assert penalty.item() == pytest.approx((norm - 1) ** 2, abs=1e-5)


def test_gradient_penalty_is_the_mean_over_samples_between_real_and_generated() -> None:
    torch.manual_seed(0)
    critic = Critic(6, width=16, conditioned=True)
    real, generated, place = torch.randn(7, 6), torch.randn(7, 6), torch.rand(7, 2)
    torch.manual_seed(1)
    penalty = gradient_penalty(critic, real, generated, place)
    torch.manual_seed(1)
    share, losses = torch.rand(7, 1), []
    for k in range(7):
        between = (share[k] * real[k] + (1 - share[k]) * generated[k]).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(between[None], place[k : k + 1]).squeeze(), between)
        losses.append((gradient.norm() - 1) ** 2)
    torch.testing.assert_close(penalty, torch.stack(losses).mean())


def test_gradient_penalty_reaches_the_critic_only() -> None:
    generator, critic = make_generator(conditioned=True), Critic(12, width=16, conditioned=True)
    real, place = torch.randn(5, 12, requires_grad=True), torch.rand(5, 2)
    generated = generator(torch.randn(5, 8), place).z_e  # on purpose with its graph
    gradient_penalty(critic, real, generated, place).backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in critic.parameters())
    assert all(p.grad is None for p in generator.parameters())
    assert real.grad is None
