"""Collective and sequential transfer as a whole: what is shared, kept, frozen, and learnt."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tutelage.data.fingerprints import FingerprintSet
from tutelage.data.representation import CoordinateScaler, RssRepresentation
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.networks import NETWORKS, network_spec, register_network
from tutelage.paper.transfer import Source, shared_trunk, transfer, transfer_recipe
from tutelage.training import RunOptions, TrainedNetwork, TrainingData, TrainState, run_stage

Transferred = Callable[..., TrainedNetwork]
Weights = dict[str, Tensor]
TRUNK = ("framer", "extractor")
both_kinds = pytest.mark.parametrize("kind", ["collective", "sequential"])


def bit_equal(one: TrainedNetwork, other: TrainedNetwork) -> bool:
    mine, theirs = one.tensors(), other.tensors()
    return all(np.array_equal(mine[key], theirs[key]) for key in mine)


def of_target(student: TrainedNetwork, part: str) -> Weights:
    """Weights of the trunk's framer, the extractor or the regressor."""
    prefix = "framer.trunk." if part == "framer" else f"{part}."
    weights = student.tensors().items()
    return {
        key.removeprefix(prefix): torch.as_tensor(value) for key, value in weights if key.startswith(prefix)
    }


def all_equal(one: Weights, other: Weights) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[key], other[key]) for key in one)


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Weights]]:
    """By stage, the weights of its modules when it ended; for "target", also as "target begins"."""
    seen: dict[str, dict[str, Weights]] = {}

    def copied(state: TrainState) -> dict[str, Weights]:
        return {
            name: {key: value.clone() for key, value in module.state_dict().items()}
            for name, module in state.modules.items()
        }

    def watched(stage: str, state: TrainState, *arguments: Any, **options: Any) -> None:
        if stage == "target":
            seen["target begins"] = copied(state)
        run_stage(stage, state, *arguments, **options)
        seen[stage] = copied(state)

    monkeypatch.setattr(shared_trunk, "run_stage", watched)
    return seen


# -- the two kinds --------------------------------------------------------------------------------------


def test_collective_sequential_and_another_order_of_sources_all_differ(
    target: FingerprintSet, transferred: Transferred, sources: list[Source]
) -> None:
    students = [
        transferred(target, "collective"),
        transferred(target, "sequential"),
        transferred(target, "sequential", sources[::-1]),
        transferred(target, "sequential", sources[:1]),
    ]
    for i, student in enumerate(students):
        found = student.locate(target).position_m
        assert found.shape == (len(target), 2)
        assert np.isfinite(found).all()
        assert not any(bit_equal(student, other) for other in students[:i])


def test_of_one_source_both_kinds_make_the_same_student(
    target: FingerprintSet, transferred: Transferred, sources: list[Source]
) -> None:
    one, other = (transferred(target, kind, sources[:1]) for kind in ("collective", "sequential"))
    assert bit_equal(one, other)


@both_kinds
def test_same_seed_gives_the_same_student_bit_for_bit(
    target: FingerprintSet, transferred: Transferred, kind: str
) -> None:
    one, same, other = (transferred(target, kind, seed=seed) for seed in (0, 0, 1))
    assert bit_equal(one, same)
    assert not bit_equal(one, other)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("collective", {"sources": 2 * (3 + 5), "target": 2 * 3}),
        ("sequential", {"source 1": 2 * 3, "source 2": 2 * 5, "target": 2 * 3}),
    ],
)
def test_both_kinds_give_the_sources_as_many_updates(
    target: FingerprintSet, transferred: Transferred, tmp_path: Path, kind: str, expected: dict[str, int]
) -> None:
    transferred(target, kind, log=tmp_path / "log")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines()]
    assert {line["stage"]: line["n_steps"] for line in lines} == expected


@both_kinds
def test_minutes_are_divided_evenly_and_the_paper_has_epochs(
    target: FingerprintSet, sources: list[Source], monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    planned: dict[str, tuple[int, float]] = {}

    def plan(stage: str, state: TrainState, *_: object, share_of_minutes: float) -> None:
        planned[stage] = (state.n_steps, share_of_minutes)

    monkeypatch.setattr(shared_trunk, "run_stage", plan)
    recipe = transfer_recipe("paper", {"batch_size": 32})
    run = RunOptions(device="cpu")
    transfer(target, network_spec("dnn"), {}, sources, kind, recipe, run)
    lengths, shares = zip(*planned.values(), strict=True)
    one_stage = {"north": 2000 * 3, "south": 2000 * 5, "target": 2000 * 3}  # of sets as small as Tampere's
    assert sum(lengths) == sum(one_stage.values())
    n_steps, share = planned["target"]
    assert n_steps == one_stage["target"]
    assert share == pytest.approx(1 / 3)
    assert sum(shares) == pytest.approx(1)


def test_round_robin_takes_the_sets_in_turn_each_through_its_own_epochs(sources: list[Source]) -> None:
    def prepared(train: FingerprintSet) -> TrainingData:
        scaler = CoordinateScaler.fit(train.known_position_m)
        return TrainingData(train, RssRepresentation.fit(train), scaler, torch.device("cpu"))

    sets = [prepared(train) for _, train in sources]
    turns = shared_trunk.RoundRobin(sets, [5, 5])
    for step in range(12):
        expected = sets[step % 2].batch(step // 2, 32, 7)
        found = turns.batch(step, 32, 7)
        assert torch.equal(found.index, expected.index)
        assert found.scans.n_access_points == expected.scans.n_access_points


def test_round_robin_gives_each_set_its_own_length_evenly_spread() -> None:
    class Numbered:
        def batch(self, step: int, _batch_size: int, _seed: int) -> int:
            return step

    short, long = 400, 3100
    turns = shared_trunk.RoundRobin([Numbered(), Numbered()], [short, long])  # type: ignore[list-item]
    drawn = [turns.set_at(step) for step in range(short + long)]
    assert (drawn.count(0), drawn.count(1)) == (short, long)
    for end in range(0, short + long, 100):
        assert drawn[:end].count(0) == pytest.approx(end * short / (short + long), abs=1)
    steps = range(2 * (short + long))  # a run in minutes may be longer than planned
    own: list[Any] = [turns.batch(s, 2, 0) for s in steps if turns.set_at(s) == 0]
    assert own == list(range(2 * short))


@both_kinds
def test_size_of_a_source_building_does_not_matter(
    target: FingerprintSet, transferred: Transferred, sources: list[Source], kind: str
) -> None:
    north, south = sources
    # Four times as large: a power of two, so that standardised coordinates are the same bit for bit.
    large = Source("north", replace(north.train, position_m=4 * north.train.known_position_m))
    assert bit_equal(transferred(target, kind), transferred(target, kind, [large, south]))


@pytest.mark.parametrize("kind", [pytest.param("collective", marks=pytest.mark.slow), "sequential"])
def test_student_learns_its_building(target: FingerprintSet, transferred: Transferred, kind: str) -> None:
    position_m = target.known_position_m
    centroid_m = float(np.linalg.norm(position_m - position_m.mean(axis=0), axis=1).mean())
    found_m = transferred(target, kind, epochs=30).locate(target).position_m
    assert float(np.linalg.norm(found_m - position_m, axis=1).mean()) < 0.5 * centroid_m


# -- what the target takes over -----------------------------------------------------------------------


@both_kinds
def test_target_begins_with_what_the_sources_left(
    target: FingerprintSet, transferred: Transferred, stages: dict[str, dict[str, Weights]], kind: str
) -> None:
    transferred(target, kind)
    left = stages["sources" if kind == "collective" else "source 2"]
    begins = stages["target begins"]["network"]
    for part, prefix in (("framer", "module.framer.trunk."), ("extractor", "module.extractor.")):
        there = {k.removeprefix(prefix): v for k, v in begins.items() if k.startswith(prefix)}
        assert all_equal(there, left[part])


def test_sequential_sources_follow_one_another_on_one_trunk(
    target: FingerprintSet, transferred: Transferred, stages: dict[str, dict[str, Weights]]
) -> None:
    transferred(target, "sequential")
    assert list(stages) == ["source 1", "source 2", "target begins", "target"]
    for part in TRUNK:
        assert not all_equal(stages["source 1"][part], stages["source 2"][part])


@both_kinds
@pytest.mark.parametrize("regressor", ["kept", "new"])
def test_frozen_trunk_stays_as_the_sources_left_it_and_the_regressor_learns(
    target: FingerprintSet,
    transferred: Transferred,
    stages: dict[str, dict[str, Weights]],
    kind: str,
    regressor: str,
) -> None:
    student = transferred(target, kind, trunk="frozen", regressor=regressor)
    left = stages["sources" if kind == "collective" else "source 2"]
    for part in TRUNK:
        assert all_equal(of_target(student, part), left[part])
    assert not all_equal(of_target(student, "regressor"), left["regressor"])


def test_tuned_trunk_learns_on(
    target: FingerprintSet, transferred: Transferred, stages: dict[str, dict[str, Weights]]
) -> None:
    student = transferred(target, "collective", trunk="tuned")
    assert not any(all_equal(of_target(student, part), stages["sources"][part]) for part in TRUNK)


@pytest.mark.parametrize("regressor", ["kept", "new"])
def test_target_begins_with_the_regressor_that_was_chosen(
    target: FingerprintSet, transferred: Transferred, stages: dict[str, dict[str, Weights]], regressor: str
) -> None:
    transferred(target, "collective", regressor=regressor)
    begins, prefix = stages["target begins"]["network"], "module.regressor."
    there = {k.removeprefix(prefix): v for k, v in begins.items() if k.startswith(prefix)}
    assert all_equal(there, stages["sources"]["regressor"]) == (regressor == "kept")


class WithBatchNorm(nn.Module):
    """A plug-in that reads a dense tensor and gathers statistics while it trains."""

    def __init__(self, n_ap: int) -> None:
        super().__init__()
        self.framer = nn.Sequential(nn.Linear(n_ap, 12), nn.BatchNorm1d(12), nn.ReLU())
        self.extractor = nn.Sequential(nn.Linear(12, 8), nn.Dropout(0.1), nn.ReLU())
        self.regressor = nn.Linear(8, 2)


def test_statistics_of_a_frozen_trunk_stay_too(
    target: FingerprintSet,
    transferred: Transferred,
    stages: dict[str, dict[str, Weights]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(NETWORKS, "entries", dict(NETWORKS.entries))
    register_network("with_batch_norm", WithBatchNorm)
    student = transferred(target, "collective", network="with_batch_norm", trunk="frozen")
    framer = of_target(student, "framer")
    assert framer["1.num_batches_tracked"] > 0
    assert all_equal(framer, stages["sources"]["framer"])


@pytest.mark.parametrize("network", ["cnnloc", "bayescnn", "baat"])
def test_every_network_can_be_transferred(
    target: FingerprintSet, transferred: Transferred, sources: list[Source], network: str
) -> None:
    student = transferred(target[:32], "collective", sources[:1], epochs=1, network=network)
    again = TrainedNetwork.from_config(student.config(), student.tensors())
    np.testing.assert_array_equal(again.locate(target).position_m, student.locate(target).position_m)


# -- the student ----------------------------------------------------------------------------------------


@both_kinds
def test_student_survives_config_and_tensors(
    target: FingerprintSet, transferred: Transferred, kind: str
) -> None:
    student = transferred(target, kind)
    config = json.loads(json.dumps(student.config()))
    assert config["encoder_width"] == 24
    again = TrainedNetwork.from_config(config, student.tensors())
    np.testing.assert_array_equal(again.locate(target).position_m, student.locate(target).position_m)


def test_heads_learn_the_floors_of_the_target_alone(
    two_floors: FingerprintSet, transferred: Transferred
) -> None:
    wide = {"width": 128, "d_e": 64}  # a narrow trunk that has learnt positions has no room left for floors
    student = transferred(two_floors, "collective", epochs=30, network_settings=wide, weight_labels=20.0)
    floor = student.locate(two_floors).floor
    assert floor is not None
    assert two_floors.floor is not None
    assert float(np.mean(floor == two_floors.floor)) > 0.9
    again = TrainedNetwork.from_config(student.config(), student.tensors())
    np.testing.assert_array_equal(again.locate(two_floors).floor, floor)


# -- the recipe -----------------------------------------------------------------------------------------


def test_recipes_differ_in_how_to_learn_and_agree_in_what() -> None:
    ours, paper = transfer_recipe("default"), transfer_recipe("paper")
    assert (paper.optimiser, paper.schedule, paper.access_point_dropout) == ("adam", "constant", 0.0)
    for name in ("encoder_width", "trunk", "regressor"):
        assert getattr(ours, name) == getattr(paper, name)


def test_recipe_takes_the_changes_of_the_network_and_over_them_the_users() -> None:
    of_network = network_spec("baat").recipes["paper"]["learning_rate"]
    assert transfer_recipe("paper", {}, network_spec("baat")).learning_rate == of_network
    assert transfer_recipe("paper", {"learning_rate": 0.5}, network_spec("baat")).learning_rate == 0.5


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"trunk": "thawed"}, BadInputError, "trunk = 'thawed'.*'tuned' or 'frozen'"),
        ({"encoder_width": 0}, BadInputError, "encoder_width = 0"),
        ({"encoder_widht": 8}, UnknownNameError, "Did you mean encoder_width"),
        ({"weight_mae": 1.0}, UnknownNameError, "weight_mae"),
    ],
)
def test_wrong_settings_are_refused(given: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        transfer_recipe("default", given)


@both_kinds
def test_transfer_from_nowhere_is_refused(target: FingerprintSet, kind: Any) -> None:
    with pytest.raises(BadInputError, match=f"{kind} transfer .* name at least one source"):
        transfer(target, network_spec("dnn"), {}, [], kind, transfer_recipe("default"), RunOptions())
