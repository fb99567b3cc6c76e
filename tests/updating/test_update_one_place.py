"""Updates with new scans of one place alone: a room is added, or scanned again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rooms import rooms_survey
from tutelage import Budget, Localizer, RunOptions, update
from tutelage.cli import main
from tutelage.data.fingerprints import FingerprintSet, Survey
from tutelage.data.surveys import export_table, simulated_survey
from tutelage.errors import BadInputError
from tutelage.methods.network_update import widen_places
from tutelage.training.labels import LabelHeads

BRIEF = RunOptions(device="cpu", budget=Budget(1))
KNN = {"metric": "sorensen", "representation": "powed", "k": 3}


@pytest.fixture(scope="module")
def survey() -> Survey:
    return rooms_survey()


def test_a_room_is_added_and_scans_of_it_and_of_others_are_held_out(survey: Survey) -> None:
    room = survey.train.known_place[0]
    is_new = survey.train.known_place == room
    assert survey.test is not None
    model = Localizer("knn", settings=KNN).fit(survey.train[~is_new])
    after = update(model, survey.train[is_new])
    is_asked = survey.test.known_place == room
    assert np.mean(_best(after, survey.test)[is_asked] == room) > 0.8
    assert after.place_calibration_ is not None
    assert "blocks" in after.place_calibration_.held_out


def test_a_known_room_is_scanned_again(survey: Survey) -> None:
    half = np.arange(len(survey.train)) % 2 == 0
    room = survey.train.known_place[0]
    more = survey.train[~half & (survey.train.known_place == room)]
    model = Localizer("knn", settings=KNN).fit(survey.train[half])
    after = update(model, more)
    assert after.lineage_.n_train == len(more)
    assert after.method_.radio_map is not None
    assert len(after.method_.radio_map) == half.sum() + len(more)


def test_a_blend_learns_a_new_room_and_a_bare_network_refuses_it(survey: Survey) -> None:
    room = survey.train.known_place[0]
    is_new = survey.train.known_place == room
    assert survey.test is not None
    is_asked = survey.test.known_place == room
    network = {"width": 16, "d_e": 8}
    settings = {**network, "share": 0.3, "matcher.fine_tune": False}
    blend = Localizer("blend", settings=settings, run=BRIEF).fit(survey.train[~is_new])
    after = update(blend, survey.train[is_new], run=BRIEF)
    hits = _best(after, survey.test) == survey.test.known_place
    assert hits[is_asked].mean() > 0.8
    assert hits[~is_asked].mean() > 0.8
    bare = Localizer("dnn", settings=network, run=BRIEF).fit(survey.train[~is_new])
    with pytest.raises(BadInputError, match=f"the new scans name '{room}'; fit it anew"):
        update(bare, survey.train[is_new], run=BRIEF)


def _best(model: Localizer, scans: FingerprintSet) -> np.ndarray:
    places = model.without_calibration().predict(scans).places
    assert places is not None
    return places.best


def test_places_are_added_to_heads_and_answers_stay() -> None:
    heads = LabelHeads(4, {"floor": ("1", "2"), "place": ("bath", "hall")})
    scans = replace(rooms_survey().train[:2], place=np.array(["attic", "hall"]))
    wider = widen_places(heads, scans)
    z_e = torch.randn(3, 4)
    assert wider.classes == {"floor": ("1", "2"), "place": ("attic", "bath", "hall")}
    torch.testing.assert_close(wider(z_e)["place"][:, 1:], heads(z_e)["place"])
    torch.testing.assert_close(wider(z_e)["floor"], heads(z_e)["floor"])
    assert wider(z_e)["place"][:, 0].tolist() == [0, 0, 0]
    assert widen_places(heads, replace(scans, place=np.array(["hall", ""]))) is heads


@pytest.mark.parametrize("seed", range(3))
def test_of_one_position_other_points_are_held_out(seed: int) -> None:
    office = simulated_survey(seed=6, n_train=160, n_test=20, n_access_points=16, n_floors=1).train
    is_new = (office.known_position_m == office.known_position_m[0]).all(axis=1)
    model = Localizer("knn", settings=KNN).fit(office[~is_new])
    new = replace(office[is_new], scan_id=np.char.add("new", office[is_new].scan_id))
    after = update(model, new, run=RunOptions(seed=seed))
    assert after.calibration_ is not None
    assert after.calibration_.held_out == "18 of 36 reference points"


@pytest.mark.parametrize("has_positions", [False, True])
def test_the_command_takes_a_table_of_one_place(
    survey: Survey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_positions: bool
) -> None:
    scans = survey.train
    if has_positions:
        scans = simulated_survey(seed=6, n_train=160, n_test=20, n_access_points=16, n_floors=1).train
        is_new = (scans.known_position_m == scans.known_position_m[0]).all(axis=1)
    else:
        is_new = scans.known_place == scans.known_place[0]
    Localizer("knn", settings=KNN).fit(scans[~is_new]).save(tmp_path / "model")
    export_table(Survey("new", scans[is_new]), tmp_path / "new.csv")
    command = [
        "tutelage",
        "update",
        tmp_path / "model",
        "--scans",
        tmp_path / "new.csv",
        "--out",
        tmp_path / "after",
    ]
    monkeypatch.setattr("sys.argv", [*map(str, command)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    assert Localizer.load(tmp_path / "after").lineage_.n_train == is_new.sum()


def test_to_fit_needs_several(survey: Survey) -> None:
    one: FingerprintSet = survey.train[survey.train.known_place == survey.train.known_place[0]]
    with pytest.raises(BadInputError, match="can only be learnt from several"):
        Localizer("knn", settings=KNN).fit(one)
