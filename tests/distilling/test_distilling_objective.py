"""The overall loss of Expert Distilling, and the step that descends it."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.errors import BadInputError
from tutelage.losses import (
    MutualInformationEstimator,
    angular_similarity,
    functional_information,
    mutual_information,
)
from tutelage.networks import Representations, SpecializedNetwork, build_network, network_spec
from tutelage.paper.expert_distilling import (
    DistillingRecipe,
    DistillingTerms,
    distil,
    distilling_recipe,
    overall_loss,
)
from tutelage.paper.expert_distilling.total_loss import Constraints
from tutelage.paper.expert_training import Generated, Teacher
from tutelage.training import (
    Budget,
    RunOptions,
    TrainingData,
    TrainState,
    make_optimizer,
    supervised_step,
)

CPU = torch.device("cpu")
TERMS = {"J_Sim": torch.tensor(0.4), "J_MI": torch.tensor(-1.2), "J_FI": torch.tensor(0.7)}
QUICK = {
    "access_point_dropout": 0.0,
    "gain": 0.0,
    "noise": 0.0,
    "schedule": "constant",
    "learning_rate": 1e-2,
}


# -- Eq. 12 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "active", "expected"),
    [
        ({}, ("J_Sim", "J_MI", "J_FI"), (6.0 + 0.2 + 0.6 + 0.35) / 4.5),
        ({"mi_sign": "literal"}, ("J_Sim", "J_MI", "J_FI"), (6.0 + 0.2 - 0.6 + 0.35) / 4.5),
        ({}, ("J_Sim",), (6.0 + 0.2) / 3.5),
        ({}, ("J_MI", "J_FI"), (6.0 + 0.6 + 0.35) / 4.0),
        ({}, (), 2.0),
        ({"weight_mae": 1.0, "weight_fi": 2.0}, ("J_FI",), (2.0 + 1.4) / 3.0),
    ],
)
def test_overall_loss_divides_the_weights_by_the_sum_of_those_in_use(
    settings: dict[str, Any], active: tuple[str, ...], expected: float
) -> None:
    terms = {name: TERMS[name] for name in active}
    loss = overall_loss(torch.tensor(2.0), terms, distilling_recipe("default", settings))
    assert loss.item() == pytest.approx(expected)


def test_recipes_have_the_published_weights() -> None:
    for name in ("paper", "default"):
        recipe = distilling_recipe(name)
        weights = (recipe.weight_mae, recipe.weight_sim, recipe.weight_mi, recipe.weight_fi)
        assert weights == (3.0, 0.5, 0.5, 0.5)
        assert (recipe.margin_rad, recipe.mi_sign) == (0.2, "maximise")


# -- where J_FI has no meaning ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["paper", "default"])
def test_functional_information_is_off_for_attention_unless_asked_for(name: str) -> None:
    recipe = distilling_recipe(name, {}, network_spec("baat"))
    assert (recipe.weight_fi, recipe.weight_sim, recipe.weight_mi) == (0.0, 0.5, 0.5)
    assert distilling_recipe(name, {}, network_spec("dnn")).weight_fi == 0.5


@pytest.mark.parametrize("weight", [0.5, "0.5"])
def test_functional_information_asked_for_attention_is_refused_with_the_reason(weight: Any) -> None:
    with pytest.raises(BadInputError, match=r"refused for network 'baat': .*not Lipschitz.*set it to 0"):
        distilling_recipe("default", {"weight_fi": weight}, network_spec("baat"))
    assert distilling_recipe("default", {"weight_fi": "0"}, network_spec("baat")).weight_fi == 0.0


def test_student_of_attention_learns_without_functional_information(
    target: FingerprintSet, tmp_path: Path
) -> None:
    small = {"tokens": 4, "d_e": 8, "heads": 2, "blocks": 1, "d_feed_forward": 8}
    recipe = distilling_recipe("default", {}, network_spec("baat"))
    log = tmp_path / "log.jsonl"
    run = RunOptions(device="cpu", budget=Budget(epochs=2), log=log)
    distil(target, network_spec("baat"), small, ["untrained"], recipe, run)
    shown = json.loads(log.read_text().splitlines()[-1])
    assert {"J_MAE", "J_Sim", "J_MI"} <= shown.keys()
    assert "J_FI" not in shown


def test_functional_information_of_attention_can_be_asked_for(target: FingerprintSet, tmp_path: Path) -> None:
    small = {"tokens": 4, "d_e": 8, "heads": 2, "blocks": 1, "d_feed_forward": 8}
    recipe = distilling_recipe("paper", {"fi_where_refused": True}, network_spec("baat"))
    assert recipe.weight_fi == 0.5
    log = tmp_path / "log.jsonl"
    run = RunOptions(device="cpu", budget=Budget(updates=2), log=log)
    distil(target, network_spec("baat"), small, ["untrained"], recipe, run)
    assert json.loads(log.read_text().splitlines()[-1])["J_FI"] >= 0


# -- the constraints over several teachers ------------------------------------------------------------


@pytest.fixture
def student() -> Representations:
    torch.manual_seed(0)
    return Representations(torch.rand(12, 7), torch.rand(12, 5), torch.rand(12, 2))


@pytest.fixture
def taught() -> list[Generated]:
    torch.manual_seed(1)
    return [Generated(torch.rand(12, 9), torch.rand(12, 5)) for _ in range(2)]


def make_constraints(psi: MutualInformationEstimator, **settings: Any) -> Constraints:
    extractor = nn.Linear(7, 5)
    return Constraints(psi, [nn.Linear(9, 5)] * 2, extractor, distilling_recipe("default", settings))


def test_constraints_take_the_mean_cosine_and_sum_the_rest_with_one_psi(
    student: Representations, taught: list[Generated]
) -> None:
    psi = MutualInformationEstimator(5, width=8)
    terms = make_constraints(psi)(student, taught)
    sim = [angular_similarity(student.z_e, t.z_e, margin_rad=0.2, form="per_sample") for t in taught]
    mi = [mutual_information(psi, student.z_e, t.z_e) for t in taught]
    fi = [
        functional_information(student.z_f, student.z_e, [(t.z_f, t.z_e)], form="log_ratio", iterations=15)
        for t in taught
    ]
    torch.testing.assert_close(terms["J_Sim"], (sim[0] + sim[1]) / 2)
    torch.testing.assert_close(terms["J_MI"], mi[0] + mi[1])
    torch.testing.assert_close(terms["J_FI"], fi[0] + fi[1])


@pytest.mark.parametrize(("weight", "term"), [("sim", "J_Sim"), ("mi", "J_MI"), ("fi", "J_FI")])
def test_a_weight_of_0_leaves_its_term_out(
    student: Representations, taught: list[Generated], weight: str, term: str
) -> None:
    psi = MutualInformationEstimator(5, width=8)
    terms = make_constraints(psi, **{f"weight_{weight}": 0.0})(student, taught)
    assert set(terms) == set(TERMS) - {term}


# -- the step ---------------------------------------------------------------------------------------


def steps(
    n: int, target: FingerprintSet, teachers: list[Teacher], recipe: DistillingRecipe
) -> tuple[list[dict[str, Tensor]], SpecializedNetwork, MutualInformationEstimator]:
    """The terms of each of `n` steps, and what learnt."""
    torch.manual_seed(0)
    representation = RssRepresentation.fit(target)
    scaler = CoordinateScaler.fit(target.known_position_m)
    data = TrainingData(target, representation, scaler, CPU)
    network = build_network("dnn", len(representation.access_points), {"width": 32, "d_e": 16})
    terms = DistillingTerms(network, teachers, data, recipe)
    optimizer = make_optimizer(recipe, network, terms.psi)
    step = supervised_step(network, optimizer, recipe, scaler.scale_m, terms=terms)
    state = TrainState({}, {}, n, CPU)
    return [dict(step(state, data.batch(i, 64, seed=0))) for i in range(n)], network, terms.psi


def weights(module: nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in module.state_dict().items()}


# The quick tests have every form and every pairing, each with the default of the other.
@pytest.mark.parametrize(
    ("fi_form", "pairing"),
    [
        pytest.param(*pair, marks=() if "log_ratio" in pair or "location" in pair else pytest.mark.slow)
        for pair in product(
            ["literal", "scale_free", "log_ratio", "least_squares", "jacobian"],
            ["random", "location", "transport", "fixed_noise"],
        )
    ],
)
def test_every_form_with_every_pairing_stays_finite_and_learns_to_locate(
    fi_form: str, pairing: str, target: FingerprintSet, teachers: list[Teacher]
) -> None:
    recipe = distilling_recipe("default", {"fi_form": fi_form, "pairing": pairing, **QUICK})
    terms, _, _ = steps(30, target, teachers, recipe)
    assert set(terms[0]) == {"J_MAE", *TERMS}
    assert next(iter(terms[0])) == "J_MAE"
    assert all(torch.isfinite(value) and not value.requires_grad for t in terms for value in t.values())
    assert terms[-1]["J_MAE"] < 0.8 * terms[0]["J_MAE"]


@pytest.mark.parametrize("settings", [{"mi_form": "infonce"}, {"mi_sign": "literal"}])
def test_options_of_the_mutual_information_run(
    settings: dict[str, Any], target: FingerprintSet, teachers: list[Teacher]
) -> None:
    terms, _, _ = steps(2, target, teachers, distilling_recipe("default", settings))
    assert all(torch.isfinite(value) for t in terms for value in t.values())


def test_the_sign_of_the_mutual_information_decides_where_psi_goes(
    target: FingerprintSet, teachers: list[Teacher]
) -> None:
    bound = {}
    for sign in ("maximise", "literal"):
        recipe = distilling_recipe("default", {"mi_sign": sign, **QUICK})
        bound[sign] = steps(30, target, teachers, recipe)[0][-1]["J_MI"]
    assert bound["maximise"] > bound["literal"]


def test_student_and_psi_learn_while_teachers_stay_bit_for_bit(
    target: FingerprintSet, teachers: list[Teacher]
) -> None:
    before = [weights(teacher.generator) for teacher in teachers]
    recipe = distilling_recipe("default")
    _, fresh_network, fresh_psi = steps(0, target, teachers, recipe)
    _, network, psi = steps(3, target, teachers, recipe)
    for old, teacher in zip(before, teachers, strict=True):
        new = teacher.generator.state_dict()
        assert all(torch.equal(old[key], new[key]) for key in old)
        assert not any(p.requires_grad for p in teacher.generator.parameters())
    for fresh, learnt in ((fresh_network, network), (fresh_psi, psi)):
        old, new = weights(fresh), weights(learnt)
        assert not any(torch.equal(old[key], new[key]) for key in old)


# -- what the paper leaves open -------------------------------------------------------------------------


def test_both_terms_of_eq_2_add_the_error_of_the_regressor_for_what_teachers_generate(
    target: FingerprintSet, teachers: list[Teacher]
) -> None:
    recipe = distilling_recipe("paper", {"mae_form": "both", **QUICK})
    torch.manual_seed(0)
    representation, data = TrainingData.prepared(target, recipe, CPU)
    network = build_network("dnn", len(representation.access_points), {"width": 32, "d_e": 16})
    terms = DistillingTerms(network, teachers, data, recipe)
    batch = data.batch(0, 32, seed=0)
    generated = terms.pairing(batch, torch.rand(32, 16))
    regressor = network.part("regressor")
    errors_m = [
        (data.scaler.scale_m * (regressor(each.z_e) - batch.position)).norm(dim=1).mean()
        for each in generated
    ]
    found = terms.error_of_generated_m(generated, batch)
    torch.testing.assert_close(found, (errors_m[0] + errors_m[1]) / 2)
    gradients = torch.autograd.grad(found, list(network.parameters()), allow_unused=True)
    learning = {id(p) for p in regressor.parameters()}
    reached = [g is not None for g in gradients]
    assert reached == [id(p) in learning for p in network.parameters()]


@pytest.mark.parametrize("unit", ["metres", "standardised"])
def test_second_term_of_eq_2_joins_the_loss_in_its_unit(
    target: FingerprintSet, teachers: list[Teacher], unit: str
) -> None:
    one = distilling_recipe("paper", {"loss_unit": unit, **QUICK})
    two = distilling_recipe("paper", {"loss_unit": unit, "mae_form": "both", **QUICK})
    losses = []
    for recipe in (one, two):
        torch.manual_seed(0)
        representation, data = TrainingData.prepared(target, recipe, CPU)
        network = build_network("dnn", len(representation.access_points), {"width": 32, "d_e": 16}).eval()
        terms = DistillingTerms(network, teachers, data, recipe)
        batch = data.batch(0, 32, seed=0)
        output = network(batch.scans)
        losses.append(terms.total(torch.tensor(1.0), output, batch, TrainState({}, {}, 2, CPU)))
    added = losses[1][1]["G J_MAE"] / (1 if unit == "metres" else data.scaler.scale_m)
    share = 3 / 4.5  # of J_MAE's weight in all four
    torch.testing.assert_close(losses[1][0] - losses[0][0], share * added, rtol=1e-4, atol=1e-4)


def test_contraction_over_the_features_runs_where_the_widths_agree_and_is_refused_elsewhere(
    student: Representations, taught: list[Generated]
) -> None:
    psi = MutualInformationEstimator(5, width=8)
    constraints = make_constraints(psi, fi_contraction="features", fi_form="literal")
    with pytest.raises(BadInputError, match=r"d_F = d_E, here they are \[B, 7\] and \[B, 5\]"):
        constraints(student, taught)
    square = [Generated(each.z_f[:, :5], each.z_e) for each in taught]
    narrow = student._replace(z_f=student.z_f[:, :5])
    features = constraints(narrow, square)["J_FI"]
    over_batch = make_constraints(psi, fi_form="literal")(narrow, square)["J_FI"]
    assert torch.isfinite(features)
    assert features != over_batch


def test_estimator_starts_from_weights_of_keras(target: FingerprintSet, teachers: list[Teacher]) -> None:
    recipe = distilling_recipe("paper", {"initial_weights": "keras"})
    _, _, psi = steps(0, target, teachers, recipe)
    assert not psi.first.bias.any()
