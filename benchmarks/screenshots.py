"""Pictures of the map: docs/service-map.png, docs/service-survey.png, docs/service-phone.png.

    python -m benchmarks.screenshots

They show WiFine, a real building of three floors (TUTELAGE_DATA, MIT licence). A k-NN learns its training
walks, people walk along its test walks, and Chromium looks at the service. The network is not used.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

import tutelage as tt
from tutelage.data.fingerprints import FingerprintSet
from tutelage.export import export_model
from tutelage.files.atomic import atomic_file

ROOT = Path(__file__).parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
PLAN_M = 0.1  # side of a pixel
# Where the upper left corner of each plan lies after half a turn: no scan is then in a wall.
CORNER_M = {"4": (87.8, -9.7), "5": (87.0, -9.8), "6": (86.9, -8.9)}
PEOPLE = ("Aigerim", "Bolat", "Dana", "Emir", "Laura", "Timur")
SCANS = 14  # of each walk
SURVEYED = ((30.0, 30.3), (36.0, 30.3), (42.0, 30.3), (48.0, 30.3), (54.0, 30.3))
LARGEST_BYTES = 200_000


def main() -> None:
    """Write the pictures."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    data = Path(os.environ["TUTELAGE_DATA"])
    survey = tt.load("wifine", data_dir=data)
    assert survey.test is not None
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "wifine.zip")
        tt.Localizer("knn").fit(survey.train[::2]).save(Path(folder, "fitted"))
        export_model(Path(folder, "fitted"), model, progress=False)
        with serving(model, Path(folder)) as url, sync_playwright() as playwright:
            call = caller(url)
            add_plans(call, data / "wifine" / "WiFine.zip")
            walk(call, survey.test)
            chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            take_map(chromium, url)
            take_survey(chromium, url, call, survey.test)
            take_phone(chromium, url)
            chromium.close()


@contextmanager
def serving(model: Path, folder: Path) -> Iterator[str]:
    """Run the service, and yield its address."""
    command = [sys.executable, "-m", "tutelage", "serve", str(model), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--store", str(folder / "store.db")], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    address = re.search(r"http://\S+/", line)
    assert address is not None, line
    try:
        yield address[0]
    finally:
        process.terminate()
        process.communicate(timeout=20)


def caller(url: str) -> Callable[[str, str, Any], Any]:
    """Return what sends a request to the service."""

    def call(method: str, path: str, body: Any) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url + path, content, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    return call


def add_plans(call: Callable[[str, str, Any], Any], archive: Path) -> None:
    """Add the plan of each floor."""
    with zipfile.ZipFile(archive) as files:
        for floor, (x_m, y_m) in CORNER_M.items():
            content = files.read(f"floor_layouts/Floor_{floor}_10cm.png")
            columns = int.from_bytes(content[16:20], "big")
            query = urllib.parse.urlencode({"name": f"Floor {floor}", "floor": floor})
            call("PUT", f"v1/plans/floor-{floor}?{query}", content)
            corners = [
                {"column": 0, "row": 0, "x_m": x_m, "y_m": y_m},
                {"column": columns, "row": 0, "x_m": x_m - columns * PLAN_M, "y_m": y_m},
            ]
            call("PUT", f"v1/plans/floor-{floor}/transform", {"points": corners})


def readings(scans: FingerprintSet, row: int) -> dict[str, float]:
    """Return what a scan heard: RSS of each access point in dBm."""
    scan = scans.rss_dbm[[row]]
    return dict(zip((scans.access_points[i] for i in scan.indices), scan.data.tolist(), strict=True))


def walk(call: Callable[[str, str, Any], Any], scans: FingerprintSet) -> None:
    """Let people walk: most of them on floor 5."""
    assert scans.floor is not None
    assert scans.user is not None
    walks = [
        np.flatnonzero((scans.user == name) & (scans.floor == floor))[5 * i :][:SCANS]
        for floor, n in (("5", 4), ("4", 1), ("6", 1))
        for i, name in enumerate(np.unique(scans.user[scans.floor == floor])[: 4 * n : 4])
    ]
    now_s = time.time()
    bodies = [
        {"device": person, "rss_dbm": readings(scans, row), "time_s": now_s - 5.0 * (len(rows) - i)}
        for person, rows in zip(PEOPLE, walks, strict=True)
        for i, row in enumerate(rows.tolist())
    ]
    call("POST", "v1/locate", {"scans": bodies})


def opened(browser: Browser, url: str, width: int, height: int, *, dark: bool = False) -> Page:
    """Open the map on floor 5."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#live.live")
    page.get_by_role("button", name="Floor 5", exact=True).click()
    page.wait_for_selector("#map svg.plan")
    return page


def keep(page: Page, name: str) -> None:
    """Write a picture of a page."""
    page.wait_for_timeout(1000)
    picture = page.screenshot()
    assert len(picture) < LARGEST_BYTES, f"{name} has {len(picture):,} bytes"
    with atomic_file(ROOT / "docs" / name) as beside:
        beside.write_bytes(picture)


def take_map(browser: Browser, url: str) -> None:
    """The map with devices, one of them chosen."""
    page = opened(browser, url, 1280, 760)
    page.locator("#device-list button", has_text=PEOPLE[1]).first.click()
    page.wait_for_timeout(7000)  # until the message has gone
    keep(page, "service-map.png")
    page.context.close()


def take_survey(
    browser: Browser, url: str, call: Callable[[str, str, Any], Any], scans: FingerprintSet
) -> None:
    """A survey by click on the same floor, with what a phone collects."""
    assert scans.floor is not None
    page = opened(browser, url, 1280, 760)
    page.locator("[data-section=survey]").click()
    page.locator("#survey-new [name=name]").fill("Floor 5, east")
    page.locator("#survey-new [name=device]").fill("surveyor")
    page.get_by_role("button", name="Start").click()
    for number, place in enumerate(SURVEYED):
        point = page.evaluate(
            "([x, y]) => import('./map.js').then(({ map, at }) => map.latLngToContainerPoint(at(x, y)))",
            list(place),
        )
        page.locator("#map").click(position={"x": point["x"], "y": point["y"]})
        apart_m = np.hypot(*(scans.absolute_position_m - place).T) + 1000.0 * (scans.floor != "5")
        for row in np.argsort(apart_m)[: 4 + number % 3].tolist():
            scan = {"device": "surveyor", "rss_dbm": readings(scans, row)}
            call("POST", "v1/locate", {"scans": [{**scan, "time_s": time.time()}]})
    page.wait_for_timeout(1500)
    keep(page, "service-survey.png")
    page.context.close()


def take_phone(browser: Browser, url: str) -> None:
    """The expected error on a phone, dark."""
    page = opened(browser, url, 390, 760, dark=True)
    page.locator("[data-section=layers]").click()
    page.get_by_label("Expected error").check()
    page.wait_for_selector("#legend:not([hidden])", timeout=120_000)
    page.locator("[data-section=layers]").click()
    page.wait_for_timeout(500)
    keep(page, "service-phone.png")
    page.context.close()


if __name__ == "__main__":
    main()
