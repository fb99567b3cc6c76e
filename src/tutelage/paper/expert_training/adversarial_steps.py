"""One step of Expert Training (Paper, Algorithm 2; A16, A17 and A19 as in docs/method.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tutelage.losses import angular_similarity, mean_distance
from tutelage.networks import SpecializedNetwork
from tutelage.paper.expert_training.generator import Critic, Generated, Generator, gradient_penalty
from tutelage.paper.expert_training.teaching_recipe import TeachingRecipe
from tutelage.training import Batch, Step, TrainState, augmented, descend, learning_rate_at

__all__ = ["Adversaries", "joint_step", "surrogate_step"]


@dataclass(frozen=True)
class Adversaries:
    """Generator and critic with their optimisers (Adam, betas 0.5 and 0.9)."""

    generator: Generator
    critic: Critic
    generator_optimizer: torch.optim.Optimizer
    critic_optimizer: torch.optim.Optimizer

    @classmethod
    def make(cls, generator: Generator, recipe: TeachingRecipe) -> Adversaries:
        """A critic to match `generator`, and optimisers for both."""
        device = next(generator.parameters()).device
        critic = Critic(generator.d_e, width=recipe.critic_width, conditioned=generator.conditioned).to(
            device
        )
        first, second = (
            torch.optim.Adam(
                module.parameters(), lr=recipe.generator_learning_rate, betas=(0.5, 0.9), fused=True
            )
            for module in (generator, critic)
        )
        return cls(generator, critic, first, second)

    def generate(self, place: Tensor) -> Generated:
        """One sample from fresh noise for each place [B, 2]."""
        out: Generated = self.generator(self.generator.noise(len(place), place.device), place)
        return out


def joint_step(
    network: SpecializedNetwork,
    network_optimizer: torch.optim.Optimizer,
    adversaries: Adversaries,
    recipe: TeachingRecipe,
    scale_m: float,
) -> Step:
    """Algorithm 2 as printed: critic, source network and generator learn from the same batch."""

    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        network.train()
        out = network(augmented(batch.scans, recipe))
        j_mae = mean_distance(out.position, batch.position, scale_m=scale_m)
        metrics = _adversarial_update(
            out.z_e.detach(), batch, network, adversaries, recipe, scale_m, state.progress
        )
        descend(network_optimizer, j_mae, learning_rate_at(recipe, state.progress))
        return {"S J_MAE": j_mae.detach(), **metrics}

    return step


def surrogate_step(
    representation: Tensor,
    network: SpecializedNetwork,
    adversaries: Adversaries,
    recipe: TeachingRecipe,
    scale_m: float,
) -> Step:
    """The generator learns the representations [n, d_E] of a network trained before (A18)."""
    network.eval()

    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        real = representation[batch.index]
        return _adversarial_update(real, batch, network, adversaries, recipe, scale_m, state.progress)

    return step


def _adversarial_update(
    real: Tensor,
    batch: Batch,
    network: SpecializedNetwork,
    adversaries: Adversaries,
    recipe: TeachingRecipe,
    scale_m: float,
    progress: float,
) -> dict[str, Tensor]:
    """`critic_steps` updates of C, then one of G; `real` [B, d_E] is Z_E^S without gradient."""
    rate = learning_rate_at(recipe, progress) * recipe.generator_learning_rate / recipe.learning_rate
    for _ in range(recipe.critic_steps):
        with torch.no_grad():
            generated = adversaries.generate(batch.place).z_e
        gap = adversaries.critic(generated, batch.place).mean() - adversaries.critic(real, batch.place).mean()
        penalty = gradient_penalty(adversaries.critic, real, generated, batch.place)
        descend(adversaries.critic_optimizer, gap + recipe.gradient_penalty * penalty, rate)

    z_e = adversaries.generate(batch.place).z_e
    j_mae = mean_distance(network.part("regressor")(z_e), batch.position, scale_m=scale_m)
    j_sim = angular_similarity(real, z_e, margin_rad=recipe.margin_rad, form=recipe.sim_form)
    adversarial = -adversaries.critic(z_e, batch.place).mean()
    loss = adversarial + recipe.weight_mae * j_mae + recipe.weight_sim * j_sim
    descend(adversaries.generator_optimizer, loss, rate)
    return {
        "G J_MAE": j_mae.detach(),
        "G J_Sim": j_sim.detach(),
        "G adversarial": adversarial.detach(),
        "C distance": -gap.detach(),
        "C penalty": penalty.detach(),
    }
