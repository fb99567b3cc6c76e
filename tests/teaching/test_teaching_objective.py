"""A step of Expert Training: who learns, in what order, and from what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tutelage.data.fingerprints import Survey
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.networks import SpecializedNetwork, build_network
from tutelage.paper.expert_training import Generator, TeachingRecipe, adversarial_steps, teaching_recipe
from tutelage.paper.expert_training.adversarial_steps import Adversaries, joint_step, surrogate_step
from tutelage.training import (
    Step,
    TrainingData,
    TrainState,
    descend,
    make_optimizer,
    normalise,
    supervised_step,
)

CPU = torch.device("cpu")
SOURCES = ("joint", "pretrained")


@dataclass
class Bench:
    """All that takes part in one step."""

    recipe: TeachingRecipe
    data: TrainingData
    network: SpecializedNetwork
    network_optimizer: torch.optim.Optimizer
    adversaries: Adversaries

    @property
    def modules(self) -> dict[str, nn.Module]:
        parts = {"generator": self.adversaries.generator, "critic": self.adversaries.critic}
        return {"network": self.network, **parts}

    def step(self) -> Step:
        scale_m = self.data.scaler.scale_m
        if self.recipe.source == "joint":
            return joint_step(self.network, self.network_optimizer, self.adversaries, self.recipe, scale_m)
        with torch.no_grad():
            scans = self.data.table.rows(torch.arange(len(self.data)))
            z_e = self.network.eval()(normalise(scans, self.recipe)).z_e
        return surrogate_step(z_e, self.network, self.adversaries, self.recipe, scale_m)

    def run(self) -> Mapping[str, Tensor]:
        step = self.step()
        torch.manual_seed(1)
        return step(TrainState({}, {}, 10, CPU), self.data.batch(0, 64, seed=0))


def make_bench(survey: Survey, **settings: Any) -> Bench:
    torch.manual_seed(0)
    recipe = teaching_recipe("default", {"critic_steps": 3, **settings})
    representation = RssRepresentation.fit(survey.train)
    scaler = CoordinateScaler.fit(survey.train.known_position_m)
    network = build_network("dnn", len(representation.access_points), {"width": 32, "d_e": 16})
    conditioned = recipe.generator == "location"
    generator = Generator(16, d_noise=8, d_f=24, conditioned=conditioned, non_negative=True)
    return Bench(
        recipe,
        TrainingData(survey.train, representation, scaler, CPU),
        network,
        make_optimizer(recipe, network),
        Adversaries.make(generator, recipe),
    )


def weights(module: nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in module.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("generator", ["location", "unconditional"])
@pytest.mark.parametrize("source", SOURCES)
def test_every_update_changes_one_network_and_leaves_the_others_untouched(
    survey: Survey, source: str, generator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(survey, source=source, generator=generator)
    learnt: list[list[str]] = []

    def watched(*arguments: Any) -> None:
        before = {name: weights(module) for name, module in bench.modules.items()}
        descend(*arguments)
        after = {name: weights(module) for name, module in bench.modules.items()}
        learnt.append([name for name in before if not same(before[name], after[name])])

    monkeypatch.setattr(adversarial_steps, "descend", watched)
    bench.run()
    in_joint = [["network"]] if source == "joint" else []
    assert learnt == [["critic"]] * 3 + [["generator"], *in_joint]


def test_the_source_network_learns_as_if_there_were_no_generator(survey: Survey) -> None:
    """A19: nothing of L_G reaches the network, its Regressor included."""
    together, alone = make_bench(survey, source="joint"), make_bench(survey, source="joint")
    together.run()
    step = supervised_step(alone.network, alone.network_optimizer, alone.recipe, alone.data.scaler.scale_m)
    torch.manual_seed(1)
    step(TrainState({}, {}, 10, CPU), alone.data.batch(0, 64, seed=0))
    assert same(weights(together.network), weights(alone.network))


@pytest.mark.parametrize("source", SOURCES)
def test_step_reports_finite_terms_the_localization_error_first(survey: Survey, source: str) -> None:
    bench = make_bench(survey, source=source)
    terms = bench.run()
    adversarial = ["G J_MAE", "G J_Sim", "G adversarial", "C distance", "C penalty"]
    assert list(terms) == (["S J_MAE", *adversarial] if source == "joint" else adversarial)
    assert all(torch.isfinite(term) and not term.requires_grad for term in terms.values())


# -- what the paper leaves open -------------------------------------------------------------------------


@pytest.mark.parametrize(("source_pass", "n_passes"), [("once", 1), ("each_step", 4)])
def test_source_network_reads_a_batch_once_or_again_at_each_step_of_the_critic(
    survey: Survey, source_pass: str, n_passes: int
) -> None:
    bench = make_bench(survey, source="joint", source_pass=source_pass)
    passes: list[Tensor] = []
    bench.network.part("extractor").register_forward_hook(lambda *output: passes.append(output[2]))
    bench.run()
    assert len(passes) == n_passes  # three steps of the critic
    assert [p.requires_grad for p in passes] == [True] + [False] * (n_passes - 1)
    if n_passes > 1:  # augmentation differs each time, as dropout would
        assert not torch.equal(passes[1], passes[2])


def test_critic_starts_from_weights_of_keras(survey: Survey) -> None:
    layers = make_bench(survey, initial_weights="keras").adversaries.critic.layers
    assert not any(layer.bias.any() for layer in layers if isinstance(layer, nn.Linear))


def test_loss_of_the_generator_takes_its_unit(survey: Survey, monkeypatch: pytest.MonkeyPatch) -> None:
    losses: dict[str, list[float]] = {"metres": [], "standardised": []}
    terms: dict[str, Mapping[str, Tensor]] = {}
    for unit, seen in losses.items():
        bench = make_bench(survey, source="pretrained", loss_unit=unit)

        def watched(optimizer: Any, loss: Tensor, rate: float, seen: list[float] = seen) -> None:
            seen.append(float(loss.detach()))
            descend(optimizer, loss, rate)

        monkeypatch.setattr(adversarial_steps, "descend", watched)
        terms[unit] = bench.run()
    error_m = float(terms["metres"]["G J_MAE"])
    assert float(terms["standardised"]["G J_MAE"]) == error_m
    difference = losses["metres"][-1] - losses["standardised"][-1]
    assert difference == pytest.approx(error_m * (1 - 1 / bench.data.scaler.scale_m), rel=1e-4)
