"""Several models in one service."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import tutelage as tt
from tutelage.errors import BadInputError, UnknownNameError
from tutelage.export import export_model
from tutelage.serving.heard_scans import HeardScan
from tutelage.serving.replicas import Replicas
from tutelage.serving.served_models import ServedModels
from tutelage.serving.store import Store, StoredModel
from tutelage.serving.tracks.devices import Devices
from tutelage.serving.tracks.settings import TrackSettings


@pytest.fixture(scope="module")
def museum(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another building, of which one access point is the office's too."""
    folder = tmp_path_factory.mktemp("museum")
    survey = tt.simulated_survey(seed=1, n_floors=1, n_train=120, n_test=20, n_access_points=12)
    names = (
        "02:00:00:00:00:05",
        *(f"0e:00:00:00:00:{i:02x}" for i in range(len(survey.train.access_points) - 1)),
    )
    assert survey.test is not None
    train, test = (replace(scans, access_points=names) for scans in (survey.train, survey.test))
    tt.Localizer("knn").fit(tt.Survey("museum", train, test)).save(folder / "fitted")
    export_model(folder / "fitted", folder / "museum.zip", progress=False)
    return folder / "museum.zip"


def test_the_model_that_knows_most_of_a_scan_answers(
    office: Path, museum: Path, heard: dict[str, float]
) -> None:
    models = ServedModels([office, museum])
    there = {"0E-00-00-00-00-01": -50.0, "0e:00:00:00:00:02": -60.0, "02:00:00:00:00:05": -70.0}
    scans = [HeardScan(there, 1.0), HeardScan(heard, 2.0), HeardScan({"x": -1.0}, 3.0)]
    answers = models.locate(scans, 0.95)
    assert [answer.model for answer in answers] == ["museum", "office", None]
    assert [answer.time_s for answer in answers] == [1.0, 2.0, 3.0]
    assert answers[0].epsg is None
    assert answers[1].epsg == 3857
    assert 0 < answers[0].n_known <= answers[0].n_heard == 3


def test_scans_together_get_the_same_as_alone(office: Path, museum: Path, heard: dict[str, float]) -> None:
    models = ServedModels([museum, office])
    scans = [HeardScan(heard, 1.0), HeardScan({"0e:00:00:00:00:01": -50.0}, 2.0), HeardScan({}, 3.0)]
    assert models.locate(scans, 0.9) == [models.locate([scan], 0.9)[0] for scan in scans]


def test_a_model_that_changes_is_read_again(office: Path, museum: Path, tmp_path: Path) -> None:
    file = tmp_path / "live.zip"
    shutil.copy(office, file)
    models = ServedModels([file])
    assert models.reload() == []
    shutil.copy(museum, tmp_path / "next.zip")
    (tmp_path / "next.zip").replace(file)
    assert models.reload() == [("live", None)]
    assert models.get("live").card["frame"]["epsg"] is None
    assert models.reload() == []


def test_a_damaged_model_leaves_the_old_one_in_use(
    office: Path, tmp_path: Path, heard: dict[str, float]
) -> None:
    file = tmp_path / "live.zip"
    shutil.copy(office, file)
    models = ServedModels([file])
    before = models.locate([HeardScan(heard, 1.0)], 0.95)
    file.write_bytes(office.read_bytes()[:1000])
    ((name, error),) = models.reload()
    assert name == "live"
    assert isinstance(error, BadInputError)
    assert models.locate([HeardScan(heard, 1.0)], 0.95) == before
    assert models.reload() == []  # not again and again


def test_a_folder_of_fit_is_exported_first(
    fitted_office: Path, office: Path, heard: dict[str, float]
) -> None:
    scan = [HeardScan(heard, 1.0)]
    assert ServedModels([fitted_office]).locate(scan, 0.95) == ServedModels([office]).locate(scan, 0.95)


def test_what_is_no_model_is_named(tmp_path: Path, office: Path) -> None:
    with pytest.raises(BadInputError, match="there is no model"):
        ServedModels([tmp_path / "nothing"])
    with pytest.raises(BadInputError, match="two models have the name 'office'"):
        ServedModels([office, office])
    with pytest.raises(UnknownNameError, match="office"):
        ServedModels([office]).get("ofice")


def test_the_survey_of_a_model_is_at_hand(office: Path, office_survey: tt.Survey) -> None:
    survey = ServedModels([office]).all()[0].survey
    assert len(survey) == len(office_survey.train)
    places, place_of = survey.places(survey.on("0", None))
    assert places.n_scans.sum() == len(survey) == len(place_of)
    assert not survey.on("7", None).any()
    first = survey.readings(0)
    train = office_survey.train
    scan = train.rss_dbm[[0]]
    truth = {train.access_points[c]: v for c, v in zip(scan.indices, scan.data.tolist(), strict=True)}
    assert {name: round(rss, 3) for name, rss in first.items()} == {n: round(v, 3) for n, v in truth.items()}
    name = next(iter(first))
    assert survey.heard(name)[0] == pytest.approx(truth[name])


def test_a_folder_is_named_by_itself_wherever_it_is_given_from(
    fitted_office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fitted_office)
    assert [model.name for model in ServedModels([Path()]).all()] == ["office"]


def test_a_folder_is_read_again_when_any_of_its_files_changes(office: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.unpack_archive(office, folder)
    models = ServedModels([folder])
    other = next(file for file in sorted(folder.iterdir()) if file.name != "model.json")
    content = other.read_bytes()
    other.write_bytes(content[:10])
    assert [name for name, error in models.reload() if error] == ["model"]
    assert models.reload() == []
    other.write_bytes(content)
    assert models.reload() == [("model", None)]


def replicas_of(store: Store, models: ServedModels) -> Replicas:
    return Replicas(store, models, Devices(TrackSettings(), {}))


def test_a_learnt_model_that_cannot_be_read_is_tried_again_when_it_changes(
    office: Path, museum: Path, store: Store, tmp_path: Path
) -> None:
    learnt = tmp_path / "learnt.zip"
    learnt.write_bytes(museum.read_bytes()[:1000])  # another server is still copying it
    models = ServedModels([office])
    replicas = replicas_of(store, models)
    store.models.put(StoredModel("office", str(learnt), 1.0))
    ((name, error),) = replicas.new_models()
    assert (name, isinstance(error, BadInputError)) == ("office", True)
    assert replicas.new_models() == [], "not again and again"
    shutil.copy(museum, learnt)
    assert replicas.new_models() == [("office", None)]
    assert models.get("office").card["frame"]["epsg"] is None
    assert replicas.new_models() == []


def test_a_model_that_went_live_here_is_not_read_twice(
    office: Path, museum: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = ServedModels([office])
    replicas = replicas_of(store, models)
    models.put("office", museum)
    store.models.put(StoredModel("office", str(museum), 1.0))
    monkeypatch.setattr(ServedModels, "put", None)  # what is read again fails
    assert replicas.new_models() == []
