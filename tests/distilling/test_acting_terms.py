"""What acts: the share of each term in the gradient on the network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tutelage.data.fingerprints import FingerprintSet
from tutelage.errors import BadInputError
from tutelage.localizer import Localizer
from tutelage.networks import SpecializedNetwork, build_network, network_spec
from tutelage.paper.expert_distilling import DistillingTerms, distil, distilling_recipe, overall_loss
from tutelage.paper.expert_distilling.acting_terms import ActingTerms, gradient_norms
from tutelage.paper.expert_training import Teacher
from tutelage.training import Budget, RunOptions, TrainedNetwork, TrainingData, TrainState
from tutelage.updating import update

CPU = torch.device("cpu")
SMALL = {"width": 32, "d_e": 16}
NO_LOOK = "tutelage.paper.expert_distilling.total_loss.is_look"


def run_of(updates: int, **options: Any) -> RunOptions:
    return RunOptions(seed=0, device="cpu", budget=Budget(updates=updates), **options)


def distilled(
    target: FingerprintSet, teachers: list[Teacher], run: RunOptions, **settings: Any
) -> TrainedNetwork:
    recipe = distilling_recipe("default", {"batch_size": 16, **settings})
    return distil(target, network_spec("dnn"), SMALL, teachers, recipe, run)


def bits(trained: TrainedNetwork) -> bytes:
    return b"".join(array.tobytes() for _, array in sorted(trained.tensors().items()))


def first_look(
    target: FingerprintSet, teachers: list[Teacher], **settings: Any
) -> tuple[DistillingTerms, SpecializedNetwork, Tensor, dict[str, Tensor]]:
    """The loss and the metrics of a first step that is looked at, without augmentation."""
    recipe = distilling_recipe("paper", {"pairing": "location", **settings})
    torch.manual_seed(0)
    representation, data = TrainingData.prepared(target, recipe, CPU)
    network = build_network("dnn", len(representation.access_points), SMALL)
    terms = DistillingTerms(network, teachers, data, recipe)
    batch = data.batch(0, 64, seed=0)
    output = network(batch.scans)
    j_mae = (data.scaler.scale_m * (output.position - batch.position)).norm(dim=1).mean()
    torch.manual_seed(1)
    loss, metrics = terms.total(j_mae, output, batch, TrainState({}, {}, 1, CPU))
    return terms, network, loss, metrics


@pytest.mark.parametrize("settings", [{}, {"mae_form": "both"}, {"weight_mi": 0.0}, {"mi_sign": "literal"}])
def test_shares_are_what_the_loss_changes_by_where_a_weight_changes(
    settings: dict[str, Any], target: FingerprintSet, teachers: list[Teacher]
) -> None:
    """The gradient of a weighted term is the difference of the loss with and without it."""
    terms, network, loss, metrics = first_look(target, teachers, **settings)
    weights = terms.recipe.weights_in_use()
    sum_of = terms.recipe.weight_mae + sum(w for name, w in weights.items() if "J_MAE" not in name)

    def gradient(total: Tensor, by: float, module: torch.nn.Module = network) -> Tensor:
        found = torch.autograd.grad(
            by * total, list(module.parameters()), allow_unused=True, retain_graph=True
        )
        return torch.cat(
            [
                (torch.zeros_like(p) if g is None else g).flatten()
                for g, p in zip(found, module.parameters(), strict=True)
            ]
        )

    pulls = {}
    for name, setting in (("J_Sim", "weight_sim"), ("J_MI", "weight_mi"), ("J_FI", "weight_fi")):
        if name in weights:
            _, other, lighter, _ = first_look(target, teachers, **{**settings, setting: weights[name] / 2})
            difference = gradient(loss, sum_of) - gradient(lighter, sum_of - weights[name] / 2, other)
            pulls[name] = 2 * float(difference.norm())
    shares = {name: float(metrics[f"share {name}"]) for name in weights}
    assert sum(shares.values()) == pytest.approx(1)
    reference = next(iter(pulls))
    for name in pulls:
        assert shares[name] / shares[reference] == pytest.approx(pulls[name] / pulls[reference], rel=0.02)
    assert ("J_MI on Psi" in metrics) == ("J_MI" in weights)


def test_norms_of_gradients_are_known_for_a_linear_term() -> None:
    first, second, unused = (
        torch.nn.Linear(2, 1, bias=False),
        torch.nn.Linear(1, 1, bias=False),
        torch.nn.Linear(1, 1),
    )
    term = (first.weight * torch.tensor([3.0, 4.0])).sum() + 2 * second.weight.sum()
    assert [float(norm) for norm in gradient_norms(term, first, second, unused)] == [5.0, 2.0, 0.0]
    assert first.weight.grad is None
    term.backward()  # the graph is still there


@pytest.mark.parametrize(
    "settings", [{}, pytest.param({"fi_form": "jacobian", "averaged": 0.5}, marks=pytest.mark.slow)]
)
def test_measuring_changes_no_bit_of_the_weights(
    settings: dict[str, Any], target: FingerprintSet, teachers: list[Teacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = distilled(target, teachers, run_of(30), **settings)
    monkeypatch.setattr(NO_LOOK, lambda *_: False)
    unmeasured = distilled(target, teachers, run_of(30), **settings)
    assert measured.gradient_shares is not None
    assert unmeasured.gradient_shares is None
    assert bits(measured) == bits(unmeasured)


def test_log_holds_the_shares_of_every_look_and_the_network_their_mean(
    target: FingerprintSet, teachers: list[Teacher], tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    shares = distilled(target, teachers, run_of(30, log=log)).gradient_shares
    assert shares is not None
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["step"] for line in lines] == [25, 30]
    for name in ("J_MAE", "J_Sim", "J_MI", "J_FI"):
        logged = [line[f"share {name}"] for line in lines]
        assert shares.mean[name] == pytest.approx(np.mean(logged), abs=2e-6)
        assert shares.last[name] == pytest.approx(logged[-1], abs=2e-6)
    assert all(line["J_MI on Psi"] > 0 for line in lines)


@pytest.mark.parametrize(
    "settings", [pytest.param({}, marks=pytest.mark.slow), {"share_mi": 0.2, "share_fi": 0.1}]
)
def test_resumed_run_has_the_same_shares_and_the_same_weights(
    settings: dict[str, Any], target: FingerprintSet, teachers: list[Teacher], tmp_path: Path
) -> None:
    class Stopped(Exception):  # noqa: N818 (it is no error)
        pass

    def stop(_: TrainedNetwork, tenth: int) -> None:
        if tenth == 9:
            raise Stopped

    kept = run_of(30, checkpoint_dir=tmp_path, checkpoint_seconds=0.0)
    recipe = distilling_recipe("default", {"batch_size": 16, **settings})
    arguments = (target, network_spec("dnn"), SMALL, teachers, recipe)
    whole = distil(*arguments, replace(kept, checkpoint_dir=None))
    with pytest.raises(Stopped):
        distil(*arguments, kept, watch=stop)
    resumed = distil(*arguments, replace(kept, resume=True))
    assert resumed.gradient_shares == whole.gradient_shares
    assert bits(resumed) == bits(whole)


def test_model_keeps_the_shares_and_its_update_has_none(
    target: FingerprintSet, teachers: list[Teacher], tmp_path: Path
) -> None:
    settings = {**SMALL, "batch_size": 16}
    model = Localizer("dnn", teachers=teachers, settings=settings, run=run_of(3)).fit(target)
    shares = model.lineage_.gradient_shares
    assert shares is not None
    model.save(tmp_path / "model")
    assert Localizer.load(tmp_path / "model").lineage_.gradient_shares == shares
    alone = Localizer("dnn", settings=settings, calibrate=False, run=run_of(3)).fit(target)
    assert alone.lineage_.gradient_shares is None
    assert update(model, target, calibrate=False, run=run_of(2)).lineage_.gradient_shares is None


# -- held shares ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "held",
    [
        {"share_sim": 0.2},
        {"share_mi": 0.5},
        {"share_fi": 0.01},
        {"share_sim": 0.3, "share_mi": 0.3, "share_fi": 0.3},
    ],
)
def test_first_step_has_the_shares_that_are_wanted(
    held: dict[str, float], target: FingerprintSet, teachers: list[Teacher]
) -> None:
    settings = {**held, "fi_distance": "squared"}
    terms, _, _, metrics = first_look(target, teachers, **settings)
    names = {"share_sim": "J_Sim", "share_mi": "J_MI", "share_fi": "J_FI"}
    for option, share in held.items():
        assert float(metrics[f"share {names[option]}"]) == pytest.approx(share, rel=1e-4)
    # The others keep their weights beside each other.
    _, _, _, free = first_look(target, teachers, fi_distance="squared")
    left = [name for name in terms.acting.names if name not in terms.acting.held]
    ratios = [float(metrics[f"share {name}"] / free[f"share {name}"]) for name in left]
    assert ratios == pytest.approx([ratios[0]] * len(ratios), rel=1e-3)


def test_weights_follow_the_smoothed_norms_every_fifth_step_and_wait_where_there_is_no_gradient() -> None:
    settings = {"share_sim": 0.5, "weight_mi": 0.0, "weight_fi": 0.0}
    acting = ActingTerms(distilling_recipe("default", settings), CPU)
    network = torch.nn.Linear(1, 1, bias=False)

    def hold(step: int, norm_of_sim: float) -> float:
        weight = network.weight.sum()
        acting.hold({"J_MAE": 2 * weight, "J_Sim": norm_of_sim * weight}, network, step)
        return float(acting.held_weights()["J_Sim"])

    assert hold(0, 4.0) == pytest.approx(3 * 2 / 4)  # the pull of J_MAE, whose weight is 3
    assert hold(1, 400.0) == pytest.approx(3 * 2 / 4)
    assert hold(5, 0.04) == pytest.approx(3 * 2 / 0.4)  # the geometric mean of 4 and 0.04
    assert hold(10, 0.0) == pytest.approx(3 * 2 / 0.4)


def test_held_weight_takes_the_place_of_the_recipes_but_not_in_the_sum() -> None:
    recipe = distilling_recipe("default", {"share_mi": 0.1})
    terms = {"J_Sim": torch.tensor(0.4), "J_MI": torch.tensor(-1.2), "J_FI": torch.tensor(0.7)}
    loss = overall_loss(torch.tensor(2.0), terms, recipe, {"J_MI": torch.tensor(8.0)})
    assert loss.item() == pytest.approx((6.0 + 0.2 + 9.6 + 0.35) / 4.5)


@pytest.mark.parametrize(
    ("settings", "network", "words"),
    [
        (
            {"share_sim": 0.1, "weight_sim": 0},
            "dnn",
            r"share_sim = 0\.1 holds a term that weight_sim = 0 turns",
        ),
        ({"share_sim": 0.5, "share_mi": 0.5}, "dnn", r"are 1 together; .* must be below 1"),
        ({"share_fi": 0.1}, "baat", r"J_FI is refused for network 'baat'.*leave share_fi out"),
        ({"share_mi": 1.0}, "dnn", "share_mi"),
    ],
)
def test_shares_that_cannot_be_held_are_refused(settings: dict[str, Any], network: str, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        distilling_recipe("default", settings, network_spec(network))
