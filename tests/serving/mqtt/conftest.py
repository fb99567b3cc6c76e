"""A home whose receivers hear devices, a broker, and services that connect to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

import tutelage as tt
from mosquitto import Listener, Mosquitto, wait_until
from tutelage.export import export_model
from tutelage.serving.app import create_app
from tutelage.serving.mqtt.bridge import keep_bridge
from tutelage.serving.mqtt.mqtt_settings import MqttSettings
from tutelage.serving.served_models import ServedModels
from tutelage.serving.service import Service
from tutelage.serving.settings import ServeSettings
from tutelage.serving.store import Room, Store
from tutelage.serving.tracks.settings import TrackSettings

NODES = ("kitchen", "hall", "bath", "study", "attic", "porch")
HELSINKI_M = (2_776_000.0, 8_437_000.0)  # Web Mercator
WINDOW_S = 1.0


@pytest.fixture(scope="session")
def home_survey() -> tt.Survey:
    """A home on one floor of which six receivers are the access points, in degrees."""
    simulated = tt.simulated_survey(
        seed=4, n_floors=1, n_train=240, n_test=40, n_access_points=len(NODES), churn=0.0
    )
    assert simulated.test is not None
    frame = tt.LocalFrame(HELSINKI_M, 3857)
    train, test = (
        replace(scans, access_points=NODES, frame=frame) for scans in (simulated.train, simulated.test)
    )
    return tt.Survey("home", train, test)


def exported(survey: tt.Survey, folder: Path) -> Path:
    """The k-NN of a survey, exported."""
    tt.Localizer("knn").fit(survey).save(folder / "fitted")
    export_model(folder / "fitted", folder / "home.zip", progress=False)
    return folder / "home.zip"


@pytest.fixture(scope="session")
def home(home_survey: tt.Survey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of the home."""
    return exported(home_survey, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def home_in_metres(home_survey: tt.Survey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, of which nobody said where on the earth it is."""
    assert home_survey.test is not None
    frame = tt.LocalFrame(HELSINKI_M)
    train, test = (replace(scans, frame=frame) for scans in (home_survey.train, home_survey.test))
    return exported(tt.Survey("home", train, test), tmp_path_factory.mktemp("home-in-metres"))


@pytest.fixture(scope="session")
def heard(home_survey: tt.Survey) -> dict[str, float]:
    """What the nodes hear of a device where most of them do."""
    assert home_survey.test is not None
    row = int(np.diff(home_survey.test.rss_dbm.indptr).argmax())
    scan = home_survey.test.rss_dbm[[row]]
    return dict(zip((NODES[column] for column in scan.indices), scan.data.tolist(), strict=True))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker of its own for each test."""
    started = Mosquitto(tmp_path)
    yield started
    started.stop()


@pytest.fixture
def listener(broker: Mosquitto) -> Iterator[Listener]:
    """Someone who hears everything on the broker."""
    listening = Listener(broker)
    yield listening
    listening.stop()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with one room, as wide as the building."""
    with Store.open(str(tmp_path / "tutelage.db")) as opened:
        x, y, side = *HELSINKI_M, 1000.0
        corners = [[x - side, y - side], [x + side, y - side], [x + side, y + side], [x - side, y + side]]
        square = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
        opened.rooms.add([Room("1", "Everywhere", square)])
        yield opened


Serving = Callable[..., AbstractContextManager[TestClient]]


@pytest.fixture
def serving(
    home: Path,
    store: Store,
    broker: Mosquitto,
    listener: Listener,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Serving:
    """Serve a model, connected to the broker, within a `with` block."""
    monkeypatch.setattr("tutelage.serving.mqtt.bridge._PAUSE_S", 0.1)  # no test waits for a second

    @contextmanager
    def serve(model: Path = home, track: TrackSettings | None = None, **of_mqtt: Any) -> Iterator[TestClient]:
        settings = MqttSettings.of_url(broker.url, **of_mqtt)
        models = ServedModels([model])
        limits = ServeSettings(window_s=WINDOW_S)
        service = Service(models, store, limits, track or TrackSettings(), tmp_path / "models")
        app = create_app(service, needs_keys=False, background=[partial(keep_bridge, settings=settings)])
        with TestClient(app, base_url="http://127.0.0.1") as client:
            listener.wait_for(f"{settings.topic}/status", lambda body: body == "online")
            wait_until(lambda: "tutelage_mqtt_connected 1.0" in client.get("/metrics").text)
            yield client

    return serve


@pytest.fixture
def bridged(serving: Serving) -> Iterator[TestClient]:
    """Someone who asks a service that is connected to the broker."""
    with serving() as client:
        yield client
