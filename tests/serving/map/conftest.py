"""A service with a simulated office of two floors, and browsers that look at its map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from live_map import FLAGS, LiveMap, office_survey
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from running_service import RunningService

import tutelage as tt
from tutelage.export import export_model


@pytest.fixture(scope="session")
def office(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The office's k-NN, exported."""

    def make(folder: Path) -> None:
        tt.Localizer("knn").fit(office_survey()).save(folder / "fitted")
        export_model(folder / "fitted", folder / "office.zip", progress=False)

    return made_once("office-of-the-map", make) / "office.zip"


@pytest.fixture(scope="session")
def service(office: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that the tests share: each uses devices and rooms of its own."""
    with RunningService([office], tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium. It goes with the file: while it is there, no other test can run an event loop."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def open_map(browser: Browser) -> Iterator[Callable[..., LiveMap]]:
    """Opens the map in a new profile; at the end no page asked another host or met an error."""
    contexts: list[BrowserContext] = []
    hosts: set[str] = set()
    errors: list[str] = []

    def opened(
        service: RunningService, *, width: int = 1280, dark: bool = False, wait: bool = True
    ) -> LiveMap:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        context.set_default_timeout(8000)
        context.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        live_map = LiveMap(page, service)
        live_map.open(wait=wait)
        hosts.discard(urlsplit(service.url).netloc)
        return live_map

    yield opened
    for context in contexts:
        service_host = urlsplit(context.pages[0].url).netloc
        context.close()
        hosts.discard(service_host)
    assert not hosts - {""}
    assert not errors
