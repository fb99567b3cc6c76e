"""NAME:FILE wherever a network is named: what it sets, where, and when it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import simulated_survey
from tutelage.errors import BadInputError, FileFormatError, TutelageError, UnknownNameError
from tutelage.localizer import Localizer
from tutelage.networks import NetworkFile, SearchRecord, network_choice
from tutelage.paper.expert_training import teach
from tutelage.training import Budget, RunOptions

FOUND = SearchRecord(
    target="here",
    data_hash="0",
    recipe_name="default",
    teachers=["untrained"],
    spaces=["architecture"],
    n_finished=2,
    n_pruned=1,
    n_failed=0,
    held_out_mae_m=3.5,
    default_held_out_mae_m=None,
    seed=0,
    epochs=None,
    minutes=None,
    updates=100,
    version="0.1.0",
)


BRIEF = RunOptions(device="cpu", budget=Budget(epochs=1))


@pytest.fixture(scope="module")
def building() -> Survey:
    return simulated_survey(
        seed=6, n_train=80, n_test=20, n_access_points=16, n_floors=1, width_m=40, depth_m=24
    )


def recipe_of(model: Localizer) -> dict[str, Any]:
    """The settings by which the model says that it learnt."""
    assert model.lineage_.recipe is not None
    return model.lineage_.recipe


def write(path: Path, **content: Any) -> str:
    NetworkFile(network="dnn", **content).save(path)
    return f"dnn:{path}"


def test_network_file_round_trips(tmp_path: Path) -> None:
    settings = {"widths": (16, 32)}
    file = NetworkFile(network="bayescnn", settings=settings, recipe={"noise": 0.1}, search_record=FOUND)
    file.save(tmp_path / "a.json")
    again = NetworkFile.load(tmp_path / "a.json")
    assert again.model_dump(mode="json") == file.model_dump(mode="json")
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["format"] == "tutelage-network-1"
    assert content["found"]["held_out_mae_m"] == 3.5


def test_settings_of_the_file_are_used_and_given_ones_go_over_them(building: Survey, tmp_path: Path) -> None:
    method = write(tmp_path / "a.json", settings={"width": 8, "d_e": 4}, recipe={"noise": 0.1, "gain": 0.2})
    model = Localizer(method, settings={"d_e": "6", "gain": "0"}, run=BRIEF).fit(building)
    student: Any = model.method_
    assert (student.network.settings["width"], student.network.settings["d_e"]) == (8, 6)
    assert (recipe_of(model)["noise"], recipe_of(model)["gain"]) == (0.1, 0.0)


def test_model_made_with_a_file_is_that_of_the_same_settings_and_loads_without_it(
    building: Survey, tmp_path: Path
) -> None:
    method = write(tmp_path / "a.json", settings={"width": 8}, recipe={"batch_size": 32})
    models = [
        Localizer(method, run=BRIEF).fit(building),
        Localizer("dnn", settings={"width": 8, "batch_size": 32}, run=BRIEF).fit(building),
    ]
    for model, name in zip(models, ("m", "n"), strict=True):
        model.save(tmp_path / name)
    assert (tmp_path / "m" / "weights.safetensors").read_bytes() == (
        tmp_path / "n" / "weights.safetensors"
    ).read_bytes()
    (tmp_path / "a.json").unlink()
    loaded = Localizer.load(tmp_path / "m")
    assert loaded.method == "dnn"
    expected = models[0].predict(building.test or building.train).position_m
    assert (loaded.predict(building.test or building.train).position_m == expected).all()


def test_teaching_takes_the_network_and_the_settings_of_learning_alone(
    building: Survey, tmp_path: Path
) -> None:
    distilling_settings = {"weight_sim": 4.0, "weight_mae": 2.0, "margin_rad": 0.4, "weight_fi": 0.1}
    method = write(tmp_path / "a.json", settings={"d_e": 8}, recipe={"batch_size": 32, **distilling_settings})
    small = {"critic_steps": 1, "d_noise": 8, "d_f": 8, "critic_width": 8}
    card = teach(building, method, settings={**small, "width": 8}, run=BRIEF).card
    assert (card.network, card.d_e, card.network_settings["width"]) == ("dnn", 8, 8)
    recipe = {name: card.recipe[name] for name in ("batch_size", "weight_sim", "weight_mae", "margin_rad")}
    assert recipe == {"batch_size": 32, "weight_sim": 1.0, "weight_mae": 1.0, "margin_rad": 0.2}


def test_transfer_takes_the_network_and_the_settings_of_learning_alone(
    building: Survey, tmp_path: Path
) -> None:
    method = write(
        tmp_path / "a.json", settings={"d_e": 8, "width": 8}, recipe={"gain": 0.2, "weight_sim": 4.0}
    )
    model = Localizer(method, transfer="collective", sources=[building], run=BRIEF).fit(building)
    assert recipe_of(model)["gain"] == 0.2
    assert "weight_sim" not in recipe_of(model)


def test_plain_name_chooses_the_network_as_registered() -> None:
    choice = network_choice("bayescnn")
    assert (choice.spec.name, choice.settings, choice.recipe) == ("bayescnn", {}, {})


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("", FileFormatError, "is no network file of this version, or is damaged"),
        ('{"format": "tutelage-network-1", "network": "d', FileFormatError, "is damaged"),
        ("[1, 2]", FileFormatError, "is no network file"),
        ('{"format": "tutelage-network-2", "network": "dnn"}', FileFormatError, "format"),
        ('{"network": "dnn", "setings": {}}', FileFormatError, "setings: extra inputs"),
        ('{"network": "bayescnn"}', BadInputError, "is a file of network 'bayescnn', not of 'dnn'"),
        ('{"network": "dnn", "settings": {"widht": 8}}', BadInputError, "a.json: .*Did you mean width"),
        ('{"network": "dnn", "settings": {"width": "wide"}}', BadInputError, "a.json: .*width = 'wide'"),
        ('{"network": "dnn", "recipe": {"nois": 0}}', UnknownNameError, "Did you mean noise"),
        ('{"network": "dnn", "recipe": {"noise": -1}}', BadInputError, "noise = -1"),
    ],
)
def test_file_that_cannot_be_used_is_refused(
    building: Survey, tmp_path: Path, content: str, error: type[TutelageError], message: str
) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(error, match=message):
        Localizer(f"dnn:{tmp_path / 'a.json'}", run=BRIEF).fit(building)


@pytest.mark.parametrize(
    ("method", "error", "message"),
    [
        ("dnn:gone.json", BadInputError, "there is no network file gone.json; make one with: tutelage tune"),
        ("dnn:", BadInputError, "there is no network file"),
        ("dnm:gone.json", UnknownNameError, "unknown method 'dnm'. Did you mean dnn"),
        ("knn:gone.json", BadInputError, "knn takes no network file"),
    ],
)
def test_name_that_cannot_be_used_is_refused(
    building: Survey, method: str, error: type[TutelageError], message: str
) -> None:
    with pytest.raises(error, match=message):
        Localizer(method, run=BRIEF).fit(building)
