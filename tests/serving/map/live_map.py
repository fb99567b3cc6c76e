"""What the tests do with the map: look, click where something is, and post what phones hear."""

from __future__ import annotations

import time
from functools import cache

from playwright.sync_api import Locator, Page, expect
from running_service import RunningService

import tutelage as tt

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SECTIONS = ("devices", "layers", "survey", "models", "plans")


@cache
def office_survey() -> tt.Survey:
    """A small office of two floors."""
    return tt.simulated_survey(seed=2, n_train=400, n_test=60, n_access_points=24, width_m=30, depth_m=15)


def heard_on(floor: str, number: int = 0) -> dict[str, float]:
    """What a phone hears on a floor of the office: RSS of each access point in dBm."""
    test = office_survey().test
    assert test is not None
    assert test.floor is not None
    row = (test.floor == floor).nonzero()[0][number]
    scan = test.rss_dbm[[row]]
    names = (test.access_points[column] for column in scan.indices)
    return dict(zip(names, scan.data.tolist(), strict=True))


class LiveMap:
    """A page with the map."""

    def __init__(self, page: Page, service: RunningService) -> None:
        self.page = page
        self.service = service

    def open(self, *, wait: bool = True) -> None:
        """Open it, and wait until it is live."""
        self.page.goto(self.service.url)
        if wait:
            expect(self.page.locator("#live")).to_have_class("live")
            expect(self.page.locator("#layer-model option")).not_to_have_count(0)

    def section(self, name: str) -> Locator:
        """Open a section of the panel."""
        tab = self.page.locator(f"[data-section={name}]")
        if tab.get_attribute("aria-expanded") != "true":
            tab.click()
        return self.page.locator(f"#{name}")

    def click(self, x_m: float, y_m: float) -> None:
        """Click on a place of the map."""
        point = self.pixel(x_m, y_m)
        self.page.locator("#map").click(position={"x": point["x"], "y": point["y"]})

    def pixel(self, x_m: float, y_m: float) -> dict[str, float]:
        """Where a place is, in pixels of the map."""
        found: dict[str, float] = self.page.evaluate(
            "([x, y]) => import('./map.js').then(({ map, at }) => map.latLngToContainerPoint(at(x, y)))",
            [x_m, y_m],
        )
        return found

    def floor(self, name: str) -> Locator:
        """The button of a floor."""
        return self.page.locator("#floors").get_by_role("button", name=f"Floor {name}")

    def names(self) -> Locator:
        """Names of the devices on the map itself."""
        return self.page.locator("#map .device-name")


def post_scan(
    service: RunningService, device: str, floor: str = "0", number: int = 0, time_s: float | None = None
) -> None:
    """Let a device send what it hears."""
    scan = {
        "device": device,
        "rss_dbm": heard_on(floor, number),
        "time_s": time.time() if time_s is None else time_s,
    }
    service.call("POST", "v1/locate", {"scans": [scan]})


def square(name: str, x_m: float, y_m: float, side_m: float, floor: str) -> dict[str, object]:
    """A room in GeoJSON, in metres."""
    right, top = x_m + side_m, y_m + side_m
    ring = [[x_m, y_m], [right, y_m], [right, top], [x_m, top], [x_m, y_m]]
    return {
        "type": "Feature",
        "properties": {"name": name, "floor": floor},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def rooms_file(*rooms: dict[str, object]) -> dict[str, object]:
    """A plan in GeoJSON, in metres."""
    return {"type": "FeatureCollection", "crs": None, "features": list(rooms)}
