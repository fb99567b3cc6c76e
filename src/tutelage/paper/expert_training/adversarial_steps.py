"""One batch of Expert Training (Paper, Algorithm 2; A16, A17 and A19 as in docs/concepts/framework.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tutelage.losses import angular_similarity, mean_distance
from tutelage.networks import SpecializedNetwork, initialise
from tutelage.paper.expert_training.generator import Critic, Generated, Generator, gradient_penalty
from tutelage.paper.expert_training.teaching_recipe import TeachingRecipe
from tutelage.training import Batch, Step, TrainState, augment, descend, learning_rate_at

__all__ = ["Adversaries", "joint_step", "surrogate_step", "update_critic", "update_generator"]


@dataclass(frozen=True)
class Adversaries:
    """Generator and critic with their optimisers (Adam, betas 0.5 and 0.9).

    Parameters
    ----------
    generator : Generator
        G, the surrogate teacher.
    critic : Critic
        C.
    generator_optimizer, critic_optimizer : torch.optim.Optimizer
        One for each.
    """

    generator: Generator
    critic: Critic
    generator_optimizer: torch.optim.Optimizer
    critic_optimizer: torch.optim.Optimizer

    @classmethod
    def make(cls, generator: Generator, recipe: TeachingRecipe) -> Adversaries:
        """Make a critic to match a generator, and optimisers for both.

        Parameters
        ----------
        generator : Generator
            Fresh, on the device of the run.
        recipe : TeachingRecipe
            Width of the critic and learning rate of both.

        Returns
        -------
        Adversaries
            Ready to learn.
        """
        device = next(generator.parameters()).device
        critic = Critic(generator.d_e, width=recipe.critic_width, conditioned=generator.conditioned)
        critic = initialise(critic, recipe.initial_weights).to(device)
        first, second = (
            torch.optim.Adam(
                module.parameters(), lr=recipe.generator_learning_rate, betas=(0.5, 0.9), fused=True
            )
            for module in (generator, critic)
        )
        return cls(generator, critic, first, second)

    def generate(self, place: Tensor) -> Generated:
        """Generate one sample from fresh noise for each place [B, 2]."""
        generated: Generated = self.generator(self.generator.noise(len(place), place.device), place)
        return generated


def joint_step(
    network: SpecializedNetwork,
    network_optimizer: torch.optim.Optimizer,
    adversaries: Adversaries,
    recipe: TeachingRecipe,
    scale_m: float,
) -> Step:
    """Make a step of Algorithm 2 as printed: critic, generator and source network learn from one batch.

    Parameters
    ----------
    network : SpecializedNetwork
        The source network S.
    network_optimizer : torch.optim.Optimizer
        Its optimiser.
    adversaries : Adversaries
        G and C.
    recipe : TeachingRecipe
        Settings of the training.
    scale_m : float
        Metres of one unit of the standardised coordinates.

    Returns
    -------
    Step
        Does the updates of lines 7 to 26; returns the terms, the source network's error in metres first.
    """

    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        network.train()
        output = network(augment(batch.scans, recipe))
        j_mae = mean_distance(output.position, batch.position, scale_m=scale_m)
        real = output.z_e.detach()

        @torch.no_grad()
        def read_again() -> Tensor:
            z_e: Tensor = network(augment(batch.scans, recipe)).z_e
            return z_e

        read = read_again if recipe.source_pass == "each_step" else lambda: real
        rate = _adversaries_rate(recipe, state.progress)
        critic_metrics = update_critic(read, batch, adversaries, recipe, rate)
        generator_metrics = update_generator(real, batch, network, adversaries, recipe, scale_m, rate)
        descend(network_optimizer, recipe.in_loss(j_mae, scale_m), learning_rate_at(recipe, state.progress))
        return {"S J_MAE": j_mae.detach(), **generator_metrics, **critic_metrics}

    return step


def surrogate_step(
    representation: Tensor,
    network: SpecializedNetwork,
    adversaries: Adversaries,
    recipe: TeachingRecipe,
    scale_m: float,
) -> Step:
    """Make a step in which critic and generator learn from a network trained before (A18).

    Parameters
    ----------
    representation : Tensor
        Z_E^S [n, d_E] of all training scans.
    network : SpecializedNetwork
        The source network S, which does not change.
    adversaries : Adversaries
        G and C.
    recipe : TeachingRecipe
        Settings of the training.
    scale_m : float
        Metres of one unit of the standardised coordinates.

    Returns
    -------
    Step
        Does the updates of lines 7 to 25; returns the terms, the generator's error in metres first.
    """
    network.eval()

    def step(state: TrainState, batch: Batch) -> Mapping[str, Tensor]:
        real = representation[batch.index]
        rate = _adversaries_rate(recipe, state.progress)
        critic_metrics = update_critic(lambda: real, batch, adversaries, recipe, rate)
        generator_metrics = update_generator(real, batch, network, adversaries, recipe, scale_m, rate)
        return {**generator_metrics, **critic_metrics}

    return step


def _adversaries_rate(recipe: TeachingRecipe, progress: float) -> float:
    """Learning rate of G and C, on the schedule of the network's."""
    return learning_rate_at(recipe, progress) * recipe.generator_learning_rate / recipe.learning_rate


def update_critic(
    read: Callable[[], Tensor],
    batch: Batch,
    adversaries: Adversaries,
    recipe: TeachingRecipe,
    rate: float,
) -> dict[str, Tensor]:
    """Update the critic `critic_steps` times (Algorithm 2, lines 7 to 16).

    Parameters
    ----------
    read : callable
        Gives Z_E^S [B, d_E], without gradient; it is called at each step.
    batch : Batch
        The scans that it comes from.
    adversaries : Adversaries
        G and C.
    recipe : TeachingRecipe
        Number of updates and weight of the gradient penalty.
    rate : float
        Learning rate.

    Returns
    -------
    dict of Tensor
        The critic's distance and penalty at the last update.
    """
    critic = adversaries.critic
    for _ in range(recipe.critic_steps):
        with torch.no_grad():
            generated = adversaries.generate(batch.place).z_e
        real = read()
        gap = critic(generated, batch.place).mean() - critic(real, batch.place).mean()
        penalty = gradient_penalty(critic, real, generated, batch.place)
        descend(adversaries.critic_optimizer, gap + recipe.gradient_penalty * penalty, rate)
    return {"C distance": -gap.detach(), "C penalty": penalty.detach()}


def update_generator(
    real: Tensor,
    batch: Batch,
    network: SpecializedNetwork,
    adversaries: Adversaries,
    recipe: TeachingRecipe,
    scale_m: float,
    rate: float,
) -> dict[str, Tensor]:
    """Update the generator once (Algorithm 2, lines 17 to 25; A17 and A19).

    Parameters
    ----------
    real : Tensor
        Z_E^S [B, d_E], without gradient.
    batch : Batch
        The scans that it comes from.
    network : SpecializedNetwork
        The source network; its Regressor judges the generated samples and does not change.
    adversaries : Adversaries
        G and C.
    recipe : TeachingRecipe
        Weights and form of the terms.
    scale_m : float
        Metres of one unit of the standardised coordinates.
    rate : float
        Learning rate.

    Returns
    -------
    dict of Tensor
        The generator's terms, its error in metres first.
    """
    z_e = adversaries.generate(batch.place).z_e
    j_mae = mean_distance(network.regress(z_e), batch.position, scale_m=scale_m)
    j_sim = angular_similarity(real, z_e, margin_rad=recipe.margin_rad, form=recipe.sim_form)
    adversarial = -adversaries.critic(z_e, batch.place).mean()
    error = recipe.in_loss(j_mae, scale_m)
    loss = adversarial + recipe.weight_mae * error + recipe.weight_sim * j_sim
    descend(adversaries.generator_optimizer, loss, rate)
    return {
        "G J_MAE": j_mae.detach(),
        "G J_Sim": j_sim.detach(),
        "G adversarial": adversarial.detach(),
    }
