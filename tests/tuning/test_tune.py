"""The search: what it tries, how it is scored, what it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from small_search import TINY, small_building, small_search
from torch import Tensor, nn

import tutelage
from rooms import rooms_survey
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.errors import BadInputError, TutelageError, UnknownNameError
from tutelage.networks import NetworkFile, SearchRecord, register_network
from tutelage.paper.expert_training import untrained_teacher
from tutelage.paper.expert_training.teaching_recipe import teaching_recipe
from tutelage.training import Budget, TrainedNetwork, train_network
from tutelage.tuning import trial_scoring
from tutelage.tuning.study_file import finished_trials, open_study

SEARCHED = ["learning_rate", "weight_decay", "access_point_dropout", "gain", "noise"]
SEARCHED += ["row_normalise", "representation"]


def record(file: NetworkFile) -> SearchRecord:
    assert file.search_record is not None
    return file.search_record


class Blindable(nn.Module):
    """A network that sees nothing where `sight` is 0, and does not exist where it is negative."""

    built: ClassVar[list[Blindable]] = []

    def __init__(self, n_ap: int, *, sight: float = 1.0) -> None:
        super().__init__()
        if sight < 0:
            raise BadInputError("sight must not be negative")
        self.sight = sight
        self.front = nn.Sequential(nn.Linear(n_ap, 16), nn.ReLU())
        self.body = nn.Sequential(nn.Linear(16, 8), nn.ReLU())
        self.head = nn.Linear(8, 2)
        self.front.register_forward_pre_hook(self._see)
        self.n_steps = 0
        self.built.append(self)

    def _see(self, _: nn.Module, scans: tuple[Tensor]) -> Tensor:
        self.n_steps += self.training
        return scans[0] * self.sight


def register_blindable(*sights: float) -> None:
    register_network(
        "blindable",
        Blindable,
        framer="front",
        extractor="body",
        regressor="head",
        search=lambda suggest: {"sight": suggest.suggest_categorical("sight", sights)},
    )


def test_search_of_learning_is_never_worse_than_what_it_began_with(building: Survey) -> None:
    file = small_search(building, n_trials=6)
    found = record(file)
    assert found.default_held_out_mae_m is not None
    assert found.held_out_mae_m <= found.default_held_out_mae_m
    assert (found.n_finished + found.n_pruned + found.n_failed, found.updates) == (6, 10)
    assert file.settings == {"width": 8, "d_e": 8}
    assert {"batch_size"} <= file.recipe.keys() <= {"batch_size", *SEARCHED}
    assert found.spaces == ["learning"]
    assert found.data_hash == building.train.content_hash()


@pytest.mark.slow
def test_search_of_an_architecture_finds_blocks(building: Survey, tmp_path: Path) -> None:
    study_file = tmp_path / "study.sqlite"
    file = small_search(
        building,
        "bayescnn",
        settings={"d_e": 8},
        n_trials=2,
        budget=Budget(updates=2),
        study_file=study_file,
    )
    assert record(file).spaces == ["architecture"]
    assert file.settings.keys() <= {"d_e", "widths", "kernels"}
    with open_study(study_file) as study:
        first, second = finished_trials(study)
    assert (first.params["blocks"], first.user_attrs["settings"]) == (3, {})
    assert len(second.user_attrs["settings"]["widths"]) == second.params["blocks"]


def test_same_arguments_find_the_same(building: Survey) -> None:
    assert small_search(building) == small_search(building)
    assert small_search(building) != small_search(building, seed=1)


def test_test_split_is_never_looked_at(building: Survey) -> None:
    whole = small_search(building, n_trials=2)
    alone = small_search(building.train, n_trials=2)
    assert record(whole).target == building.name
    assert whole.recipe == alone.recipe
    assert record(whole).held_out_mae_m == record(alone).held_out_mae_m


def test_trial_is_scored_on_reference_points_it_has_not_learnt_from(
    building: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt_from: list[FingerprintSet] = []
    queries: list[FingerprintSet] = []
    error_m = trial_scoring.mean_error_m

    def learn(train: FingerprintSet, *rest: Any, **options: Any) -> TrainedNetwork:
        learnt_from.append(train)
        return train_network(train, *rest, **options)

    def score(student: TrainedNetwork, scans: FingerprintSet) -> float:
        queries.append(scans)
        return error_m(student, scans)

    monkeypatch.setattr(trial_scoring, "train_network", learn)
    monkeypatch.setattr(trial_scoring, "mean_error_m", score)
    small_search(building, n_trials=2)
    training_points = {tuple(point) for point in learnt_from[0].known_position_m}
    training_ids = set(building.train.scan_id)
    assert len(learnt_from) == 2
    for scans in queries:
        assert not training_points & {tuple(point) for point in scans.known_position_m}
        assert set(scans.scan_id) <= training_ids
    share = len(queries[-1]) / len(building.train)
    assert 0.1 < share < 0.3


@pytest.mark.slow
def test_hopeless_settings_are_stopped_early(building: Survey) -> None:
    register_blindable(0.0, 0.8, 0.9, 1.0, 1.1)
    Blindable.built.clear()
    settings = {"learning_rate": 0.02, "batch_size": 32}
    budget = Budget(updates=60)
    file = small_search(building, network="blindable", settings=settings, budget=budget, n_trials=16)
    steps = [(network.sight, network.n_steps) for network in Blindable.built]
    stopped = [(sight, n) for sight, n in steps if n < 60]
    assert (record(file).n_pruned, record(file).n_finished) == (len(stopped), 16 - len(stopped))
    assert any(sight == 0 and n <= 18 for sight, n in stopped)
    assert all(n == 60 for _, n in steps[:5])
    assert file.settings.get("sight") != 0


def test_refused_settings_count_as_failed_and_the_search_goes_on(building: Survey) -> None:
    register_blindable(-1.0, 1.0)
    found = record(small_search(building, network="blindable", settings={}, n_trials=6))
    assert found.n_failed >= 1
    assert found.n_finished + found.n_failed + found.n_pruned == 6


def test_search_in_which_all_diverge_is_refused_with_the_reason(building: Survey) -> None:
    diverging = {**TINY, "learning_rate": 1e30, "schedule": "constant"}
    with pytest.raises(BadInputError, match=r"none of 2 trials gave a result; .*J_MAE is.*another --study"):
        small_search(building, settings=diverging, n_trials=2, budget=Budget(updates=25))


def test_weights_of_the_constraints_are_searched_with_teachers(building: Survey) -> None:
    file = small_search(building, spaces=["constraints"], teachers="untrained", budget=Budget(updates=4))
    assert file.recipe.keys() <= {"batch_size", "weight_sim", "weight_mi", "weight_fi", "margin_rad"}
    assert (record(file).teachers, record(file).recipe_name) == (["untrained"], "default")


def test_paper_space_takes_the_paper_recipe_unless_told_otherwise(building: Survey) -> None:
    options: dict[str, Any] = {
        "spaces": ["paper"],
        "teachers": "untrained",
        "budget": Budget(updates=2),
        "n_trials": 1,
    }
    file = small_search(building, **options)
    assert (record(file).recipe_name, record(file).updates) == ("paper", 2)
    assert record(small_search(building, recipe="default", **options)).recipe_name == "default"


def test_trial_takes_a_quarter_of_the_updates(building: Survey) -> None:
    file = small_search(building, settings={**TINY, "updates": "20"}, budget=Budget(), n_trials=1)
    assert (record(file).updates, file.recipe["updates"]) == (5, 20)


def test_trial_measured_in_minutes_ends(building: Survey) -> None:
    found = record(small_search(building, budget=Budget(minutes=0.002), n_trials=1))
    assert (found.minutes, found.updates, found.n_finished) == (0.002, None, 1)


def test_search_begins_with_the_settings_of_a_network_file(building: Survey, tmp_path: Path) -> None:
    before = NetworkFile(network="dnn", settings={"width": 12}, recipe={"noise": 0.05, "batch_size": 32})
    before.save(tmp_path / "before.json")
    method = f"dnn:{tmp_path / 'before.json'}"
    file = small_search(building, network=method, settings={"d_e": 8}, n_trials=1)
    assert (file.settings, file.recipe) == ({"width": 12, "d_e": 8}, {"noise": 0.05, "batch_size": 32})
    other = small_search(building, network=method, settings={"d_e": 8, "noise": 0.0}, n_trials=1)
    assert other.recipe["noise"] == 0.0


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"network": "dnm"}, UnknownNameError, "unknown network 'dnm'"),
        ({"settings": {"widht": 8}}, UnknownNameError, "Did you mean width"),
        ({"settings": {"width": "wide"}}, BadInputError, "width = 'wide'"),
        ({"recipe": "papr"}, UnknownNameError, "Did you mean paper"),
        ({"spaces": ["learnin"]}, UnknownNameError, "Did you mean learning"),
        ({"n_trials": 0}, BadInputError, "n_trials is 0"),
        ({"device": "abacus"}, BadInputError, "device 'abacus' cannot be used here"),
        ({"teachers": "gone.teacher"}, BadInputError, "there is no teacher file gone.teacher"),
        ({"study_file": "gone/study.sqlite"}, BadInputError, "does not exist; create it first"),
    ],
    ids=str,
)
def test_argument_that_cannot_be_used_is_refused_before_anything_is_written(
    building: Survey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    error: type[TutelageError],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        small_search(building, **{"study_file": "study.sqlite", **changes})
    assert list(tmp_path.iterdir()) == []


def test_teacher_that_does_not_fit_is_refused_before_anything_is_written(
    building: Survey, tmp_path: Path
) -> None:
    teacher = untrained_teacher("dnn", 9, teaching_recipe("default"), non_negative=True, seed=0)
    with pytest.raises(BadInputError, match="d_e = 9"):
        small_search(building, teachers=teacher, study_file=tmp_path / "study.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_building_of_one_reference_point_is_refused(building: Survey) -> None:
    first = building.train.known_position_m[0]
    here = np.flatnonzero((building.train.known_position_m == first).all(axis=1))
    with pytest.raises(BadInputError, match=r"come from 1 reference point"):
        small_search(building.train[here])


def test_random_numbers_of_the_caller_are_left_alone(building: Survey) -> None:
    torch.manual_seed(3)
    expected: Tensor = torch.rand(2)
    torch.manual_seed(3)
    small_search(building, n_trials=1)
    assert torch.equal(torch.rand(2), expected)


def test_another_building_is_another_search() -> None:
    one, other = (record(small_search(small_building(seed), n_trials=1)) for seed in (6, 7))
    assert one.data_hash != other.data_hash


def test_a_survey_of_places_alone_is_refused_with_what_to_do() -> None:
    message = r"has places alone.* tutelage compare, and give settings to fit by"
    with pytest.raises(BadInputError, match=message):
        tutelage.tune(rooms_survey(), "dnn", n_trials=1)
