"""A service in this process, with the model of a simulated office."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import tutelage as tt
from tutelage.data.fingerprints import FingerprintSet
from tutelage.export import export_model
from tutelage.serving.app import create_app
from tutelage.serving.served_models import ServedModels
from tutelage.serving.service import Service
from tutelage.serving.settings import ServeSettings
from tutelage.serving.store import Store
from tutelage.serving.tracks.settings import TrackSettings

LOOPBACK = "http://127.0.0.1:8765"
HELSINKI_M = (2_776_000.0, 8_437_000.0)  # Web Mercator


def mac(name: str) -> str:
    """Address of a simulated access point."""
    return f"02:00:00:00:00:{int(name.removeprefix('AP')):02x}"


def in_helsinki(scans: FingerprintSet) -> FingerprintSet:
    """The same scans on the earth, their access points named by addresses."""
    frame = tt.LocalFrame(HELSINKI_M, 3857)
    return replace(scans, frame=frame, access_points=tuple(map(mac, scans.access_points)))


@pytest.fixture(scope="session")
def office_survey() -> tt.Survey:
    """An office on one floor, in degrees."""
    survey = tt.simulated_survey(seed=2, n_floors=1, n_train=240, n_test=60, n_access_points=20)
    assert survey.test is not None
    return tt.Survey("office", in_helsinki(survey.train), in_helsinki(survey.test))


@pytest.fixture(scope="session")
def fitted_office(office_survey: tt.Survey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its k-NN, as fit writes it."""
    folder = tmp_path_factory.mktemp("fitted") / "office"
    tt.Localizer("knn").fit(office_survey).save(folder)
    return folder


@pytest.fixture(scope="session")
def office(fitted_office: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, exported."""
    file = tmp_path_factory.mktemp("exported") / "office.zip"
    export_model(fitted_office, file, progress=False)
    return file


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.open(str(tmp_path / "tutelage.db")) as opened:
        yield opened


@pytest.fixture
def service(office: Path, store: Store, tmp_path: Path) -> Service:
    """A service that has not started."""
    return Service(ServedModels([office]), store, ServeSettings(), TrackSettings(), tmp_path / "models")


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """Someone who asks the service, without a key."""
    with TestClient(create_app(service, needs_keys=False), base_url=LOOPBACK) as asking:
        yield asking


@pytest.fixture(scope="session")
def heard(office_survey: tt.Survey) -> dict[str, float]:
    """What a phone hears at the place of the first test scan, by address in dBm."""
    assert office_survey.test is not None
    scan = office_survey.test.rss_dbm[[0]]
    names = (office_survey.test.access_points[column] for column in scan.indices)
    return dict(zip(names, scan.data.tolist(), strict=True))
