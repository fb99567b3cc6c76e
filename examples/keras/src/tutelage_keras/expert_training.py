"""Expert Training (Paper, Algorithm 2): a surrogate teacher of a source building, by WGAN with penalty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tutelage_keras.constraints import angular_similarity, mean_distance
from tutelage_keras.gradients import gradient
from tutelage_keras.student import Student, position_error
from tutelage_keras.teacher import Generator, place_features

__all__ = ["Critic", "TeachingRecipe", "critic_terms", "generator_terms", "gradient_penalty", "teach"]

Tensor = Any


@dataclass(frozen=True)
class TeachingRecipe:
    """Settings of Expert Training, by the names and defaults of tutelage's recipe "default".

    Its recipe "paper" is `TeachingRecipe(conditioned=False, source="joint", sim_form="batch_mean",
    generator_learning_rate=1e-3)`.
    """

    conditioned: bool = True
    source: str = "pretrained"
    """The source network is "pretrained", or learns from each batch together with the generator ("joint")."""
    sim_form: str = "per_sample"
    margin_rad: float = 0.2
    weight_mae: float = 1.0
    weight_sim: float = 1.0
    d_noise: int = 64
    d_f: int = 256
    critic_width: int = 256
    critic_steps: int = 5
    gradient_penalty: float = 10.0
    generator_learning_rate: float = 5e-4
    learning_rate: float = 1e-3
    batch_size: int = 128


class Critic(keras.Model):
    """Three fully connected layers without batch norm, from Z_E and places to scores [B]."""

    def __init__(self, d_e: int, *, width: int = 256, conditioned: bool = True) -> None:
        super().__init__()
        self.conditioned = conditioned
        leaky = {"activation": keras.activations.leaky_relu}  # slope 0.2
        self.mlp = keras.Sequential(
            [layers.Dense(width, **leaky), layers.Dense(width, **leaky), layers.Dense(1)]
        )
        self(ops.zeros((1, d_e)), ops.zeros((1, 2)))

    def call(self, z_e: Tensor, place: Tensor) -> Tensor:
        """Higher for samples that look like the network's own."""
        inputs = ops.concatenate([z_e, place_features(place)], axis=1) if self.conditioned else z_e
        return ops.squeeze(self.mlp(inputs), axis=1)


# -- the losses ---------------------------------------------------------------------------------------


def gradient_penalty(critic: Critic, real: Tensor, generated: Tensor, place: Tensor, share: Tensor) -> Tensor:
    """Mean squared distance from 1 of the critic's slope, `share` [B, 1] of the way to the real samples."""
    between = share * real + (1.0 - share) * generated
    (slope,) = gradient(lambda at: ops.sum(critic(at[0], place)), [between])
    return ops.mean(ops.square(ops.sqrt(ops.sum(ops.square(slope), axis=1) + 1e-12) - 1.0))


def critic_terms(
    critic: Critic, real: Tensor, generated: Tensor, place: Tensor, share: Tensor, recipe: TeachingRecipe
) -> tuple[Tensor, dict[str, Tensor]]:
    """Loss of the critic (Algorithm 2, lines 7 to 16), and its terms."""
    distance = ops.mean(critic(real, place)) - ops.mean(critic(generated, place))
    penalty = gradient_penalty(critic, real, generated, place, share)
    return recipe.gradient_penalty * penalty - distance, {"C distance": distance, "C penalty": penalty}


def generator_terms(
    critic: Critic,
    regressor: keras.Layer,
    real: Tensor,
    generated: Tensor,
    place: Tensor,
    position: Tensor,
    scale_m: float,
    recipe: TeachingRecipe,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Loss of the generator (Algorithm 2, lines 17 to 25), and its terms."""
    j_mae = mean_distance(regressor(generated), position, scale_m)
    j_sim = angular_similarity(real, generated, margin_rad=recipe.margin_rad, form=recipe.sim_form)
    adversarial = -ops.mean(critic(generated, place))
    loss = adversarial + recipe.weight_mae * j_mae + recipe.weight_sim * j_sim
    return loss, {"G J_MAE": j_mae, "G J_Sim": j_sim, "G adversarial": adversarial}


# -- the updates --------------------------------------------------------------------------------------


class Turn(keras.Model):
    """One of generator and critic learns, the other stands still; Keras' `train_on_batch` does the update.

    Both are parts of both turns, so that every backend reads their newest weights.
    """

    def __init__(
        self, learner: keras.Model, generator: Generator, critic: Critic, recipe: TeachingRecipe
    ) -> None:
        super().__init__()
        self.learner = learner
        self.generator = generator
        self.critic = critic
        self.recipe = recipe
        self.seed = keras.random.SeedGenerator()
        self.compile(keras.optimizers.Adam(recipe.generator_learning_rate, beta_1=0.5, beta_2=0.9))

    @property
    def trainable_weights(self) -> list[keras.Variable]:
        """Weights of the learner alone."""
        return self.learner.trainable_weights

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """The same, as Keras' trainer for JAX asks for it."""
        return self.learner.trainable_variables

    @property
    def non_trainable_variables(self) -> list[keras.Variable]:
        """All other weights and seeds."""
        learning = {id(variable) for variable in self.trainable_variables}
        return [variable for variable in self.variables if id(variable) not in learning]

    def call(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """The batch, what is generated at its places, and shares for the gradient penalty."""
        place = batch["place"]
        share = keras.random.uniform((ops.shape(place)[0], 1), dtype=place.dtype, seed=self.seed)
        return {**batch, "generated": self.generator.at(place).z_e, "share": share}


class CriticTurn(Turn):
    """The critic learns."""

    def compute_loss(self, _x: Any, _y: Any, batch: Any, *_: Any, **__: Any) -> Tensor:
        """Loss of the critic; `batch` is what `call` gives."""
        generated = ops.stop_gradient(batch["generated"])
        return critic_terms(
            self.critic, batch["real"], generated, batch["place"], batch["share"], self.recipe
        )[0]


class GeneratorTurn(Turn):
    """The generator learns; the source network's regressor judges it."""

    def __init__(self, regressor: keras.Layer, scale_m: float, *turn: Any) -> None:
        super().__init__(*turn)
        self.regressor = regressor
        self.scale_m = scale_m

    def compute_loss(self, _x: Any, _y: Any, batch: Any, *_: Any, **__: Any) -> Tensor:
        """Loss of the generator; `batch` is what `call` gives."""
        real, generated, place, position = (
            batch[name] for name in ("real", "generated", "place", "position")
        )
        return generator_terms(
            self.critic, self.regressor, real, generated, place, position, self.scale_m, self.recipe
        )[0]


def teach(
    source: Student,
    scans: np.ndarray,
    position: np.ndarray,
    place: np.ndarray,
    scale_m: float,
    *,
    updates: int,
    recipe: TeachingRecipe | None = None,
    seed: int = 0,
) -> Generator:
    """Train a generator for a source network on the scans [n, n_ap] of its building.

    Positions [n, 2] are standardised, places [n, 2] in the unit square; `scale_m` metres are one unit.
    """
    recipe = recipe or TeachingRecipe()
    z_e = _z_e(source, scans)
    generator = Generator(
        z_e.shape[1],
        d_noise=recipe.d_noise,
        d_f=recipe.d_f,
        conditioned=recipe.conditioned,
        non_negative=bool((z_e >= 0).all()),
    )
    critic = Critic(z_e.shape[1], width=recipe.critic_width, conditioned=recipe.conditioned)
    critic_turn = CriticTurn(critic, generator, critic, recipe)
    generator_turn = GeneratorTurn(source.regressor, scale_m, generator, generator, critic, recipe)
    joint = recipe.source == "joint"
    if joint:
        source.compile(keras.optimizers.Adam(recipe.learning_rate), loss=position_error(scale_m))
    random = np.random.default_rng(seed)
    for _ in range(updates):
        rows = random.permutation(len(scans))[: recipe.batch_size]
        real = _z_e(source, scans[rows]) if joint else z_e[rows]
        batch = {"real": real, "place": place[rows], "position": position[rows]}
        for _ in range(recipe.critic_steps):
            critic_turn.train_on_batch(batch)
        generator_turn.train_on_batch(batch)
        if joint:
            source.train_on_batch(scans[rows], position[rows])
    return generator


def _z_e(source: Student, scans: np.ndarray) -> np.ndarray:
    """Z_E^S [n, d_E] of scans, as at prediction."""
    parts = (scans[start : start + 1024] for start in range(0, len(scans), 1024))
    return np.concatenate([ops.convert_to_numpy(source.representations(part).z_e) for part in parts])
