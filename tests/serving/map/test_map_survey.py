"""Surveys by click in a browser: scans join the clicks, nothing is lost, and what is learnt goes live."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_map import LiveMap, post_scan
from playwright.sync_api import FilePayload, Page, expect
from running_service import RunningService

pytestmark = pytest.mark.browser
OpenMap = Callable[..., LiveMap]


@pytest.fixture
def own_service(office: Path, tmp_path: Path) -> Iterator[RunningService]:
    """A service that one test alone uses, and may end."""
    with RunningService([office], tmp_path) as running:
        yield running


def begin(shown: LiveMap, name: str, device: str) -> None:
    """Start a survey."""
    section = shown.section("survey")
    section.get_by_label("Name", exact=True).fill(name)
    section.get_by_label("Collecting device").fill(device)
    section.get_by_role("button", name="Start").click()
    expect(shown.page.locator("#survey-facts")).to_have_text("collecting · 0 places · 0 scans")


def facts(shown: LiveMap, words: str) -> None:
    """Expect what the panel says of the survey."""
    expect(shown.page.locator("#survey-facts")).to_have_text(words)


def session_of(shown: LiveMap, name: str) -> dict[str, Any]:
    """A survey with its marks, as the service has it once the page has sent all."""
    service = shown.service
    expect(shown.page.locator("#live")).to_have_class("live")
    (found,) = (each for each in service.call("GET", "v1/surveys")["surveys"] if each["name"] == name)
    session: dict[str, Any] = service.call("GET", f"v1/surveys/{found['id']}")
    return session


def press(shown: LiveMap, name: str) -> None:
    """Press a button of the open survey."""
    shown.page.locator("#survey-open .row").get_by_role("button", name=name, exact=True).click()


def test_scans_that_arrive_belong_to_the_place_that_was_clicked(
    service: RunningService, open_map: OpenMap
) -> None:
    shown = open_map(service)
    begin(shown, "ground floor", "collector")
    shown.page.get_by_label("Name of the place").fill("Lobby")
    shown.click(5.0, 12.0)
    facts(shown, "collecting · 1 place · 0 scans")
    for number in range(3):
        post_scan(service, "collector", number=number)
    post_scan(service, "somebody else")
    facts(shown, "collecting · 1 place · 3 scans")
    expect(shown.page.locator("#map .mark-count")).to_have_text(["3"])
    shown.click(9.0, 12.0)
    post_scan(service, "collector", number=4)
    facts(shown, "collecting · 2 places · 4 scans")
    press(shown, "Undo")
    facts(shown, "collecting · 1 place · 3 scans")
    press(shown, "Pause")
    facts(shown, "paused · 1 place · 3 scans")
    expect(shown.page.locator("#live")).to_have_class("live")  # the service knows of it
    post_scan(service, "collector", number=5)
    expect(shown.page.locator("#survey-hint")).to_contain_text("until you resume")
    press(shown, "Resume")
    press(shown, "Finish")
    shown.page.locator("#survey-marks li").nth(1).get_by_role("button", name="Take in again").click()
    facts(shown, "to be reviewed · 2 places · 4 scans")
    press(shown, "Approve")
    facts(shown, "approved · 2 places · 4 scans")
    session = session_of(shown, "ground floor")
    assert [(mark["place"], mark["n_scans"], mark["undone"]) for mark in session["marks"]] == [
        ("Lobby", 3, False),
        (None, 1, False),
    ]
    assert [mark["x_m"] for mark in session["marks"]] == pytest.approx([5.0, 9.0], abs=0.1)
    assert session["state"] == "approved"


def test_a_walk_is_two_clicks_and_its_clock_is_that_of_the_service(
    service: RunningService, open_map: OpenMap
) -> None:
    shown = open_map(service)
    begin(shown, "a walk", "slow clock")
    shown.page.get_by_label("a walk's end").check()
    shown.click(4.0, 6.0)
    expect(shown.page.locator("#survey-hint")).to_contain_text("Click where you arrive")
    for number in range(4):  # its clock is two minutes behind
        post_scan(service, "slow clock", number=number, time_s=time.time() - 120)
        expect(shown.page.locator("#device-ids option[value='slow clock']")).to_have_count(1)
        time.sleep(0.4)
    expect(shown.page.locator("#survey-clock")).to_have_value("120")
    shown.click(20.0, 6.0)
    facts(shown, "collecting · 1 place · 4 scans")
    (mark,) = session_of(shown, "a walk")["marks"]
    assert (mark["kind"], mark["x2_m"]) == ("walk", pytest.approx(20.0, abs=0.1))
    assert session_of(shown, "a walk")["clock_offset_s"] == 120


@pytest.mark.slow
def test_a_dropped_connection_and_a_killed_service_lose_no_click(
    own_service: RunningService, open_map: OpenMap
) -> None:
    shown = open_map(own_service)
    begin(shown, "through a tunnel", "collector")
    shown.click(5.0, 5.0)
    facts(shown, "collecting · 1 place · 0 scans")
    own_service.kill()
    shown.click(9.0, 5.0)
    facts(shown, "collecting · 2 places · 0 scans")
    expect(shown.page.locator("#live")).to_have_text(re.compile("marks? waits? to be sent"))
    own_service.start()
    expect(shown.page.locator("#live")).to_have_text("Live", timeout=15_000)
    post_scan(own_service, "collector")
    facts(shown, "collecting · 2 places · 1 scan")
    shown.page.reload()
    shown.section("survey")
    facts(shown, "collecting · 2 places · 1 scan")
    marks = session_of(shown, "through a tunnel")["marks"]
    assert [mark["end_s"] is None for mark in marks] == [False, True]
    own_service.restart()
    expect(shown.page.locator("#live")).to_have_text("Live", timeout=15_000)
    post_scan(own_service, "after the restart")
    shown.section("devices")
    expect(shown.page.locator("#device-list")).to_contain_text("after the restart")


def grey_png(width: int, height: int) -> bytes:
    """An image without a library for images."""
    rows = b"".join(b"\0" + bytes([200]) * width for _ in range(height))
    parts = (
        (b"IHDR", width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\0\0\0\0"),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    chunks = (
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def set_point(page: Page, number: int, **values: float) -> None:
    """Type where a point of the image is."""
    point = page.locator("#placing-points fieldset").nth(number - 1)
    for name, value in values.items():
        point.locator(f"[name={name}]").fill(str(value))


def test_an_image_is_placed_by_two_of_its_points(service: RunningService, open_map: OpenMap) -> None:
    shown = open_map(service)
    section = shown.section("plans")
    file = FilePayload(name="ground.png", mimeType="image/png", buffer=grey_png(300, 150))
    section.get_by_label("Image, GeoJSON or IMDF file").set_input_files(file)
    section.get_by_role("button", name="Add").click()
    expect(section).to_contain_text("not placed yet")
    image = shown.page.locator("#placing-image img")
    image.click(position={"x": 1, "y": 1})
    set_point(shown.page, 1, column=0, row=150, x_m=0, y_m=0)
    set_point(shown.page, 2, column=300, row=150)
    shown.page.locator("#placing-points fieldset").nth(1).get_by_role("button").click()
    shown.click(28.0, 0.5)
    second = shown.page.locator("#placing-points fieldset").nth(1)
    expect(second.locator("[name=x_m]")).not_to_have_value("")
    set_point(shown.page, 2, x_m=30, y_m=0)
    shown.page.locator("#placing").get_by_role("button", name="Place", exact=True).click()
    expect(section).not_to_contain_text("not placed yet")
    drawn = shown.page.locator("#map svg.plan")
    expect(drawn).to_be_visible()
    corners = [shown.pixel(0, 15), shown.pixel(30, 0)]
    box, frame = drawn.bounding_box(), shown.page.locator("#map").bounding_box()
    assert box is not None
    assert frame is not None
    assert [box["x"] - frame["x"], box["y"]] == pytest.approx([corners[0]["x"], corners[0]["y"]], abs=1.5)
    assert box["width"] == pytest.approx(corners[1]["x"] - corners[0]["x"], abs=1.5)
    plans = service.call("GET", "v1/plans")["plans"]
    (plan,) = (each for each in plans if each["name"] == "ground.png")
    np.testing.assert_allclose(plan["transform"]["matrix"], [[0.1, 0, 0], [0, -0.1, 15]], atol=1e-9)


@pytest.mark.slow
def test_a_surveyed_walk_is_learnt_and_goes_live(own_service: RunningService, open_map: OpenMap) -> None:
    shown = open_map(own_service)
    begin(shown, "to be learnt", "collector")
    places = [(x, y) for y in (3.0, 7.5, 12.0) for x in (4.0, 10.0, 16.0, 22.0, 27.0)]
    for number, place in enumerate(places):
        shown.click(*place)
        for repeat in range(4):
            post_scan(own_service, "collector", number=(number + repeat) % 20)
    facts(shown, "collecting · 15 places · 60 scans")
    press(shown, "Finish")
    press(shown, "Approve")
    section = shown.section("models")
    expect(section.get_by_label("Takes the place of")).to_have_value("office")
    expect(section.get_by_label("Name of the new model")).to_have_value("office-2")
    section.get_by_role("button", name="Learn").click()
    job = section.locator("#job-list article")
    expect(job.get_by_role("button", name="Go live")).to_be_visible(timeout=90_000)
    expect(job).to_contain_text(re.compile(r"Mean error on \d+ held-out scans: \d+\.\d m, before \d+\.\d m"))
    job.get_by_role("button", name="Go live").click()
    expect(job.locator("[data-slot=state]")).to_have_text("Live", timeout=30_000)
    expect(section.locator("#model-list h3")).to_have_text(["office"])
    (model,) = own_service.call("GET", "v1/models")["models"]
    assert model["extent_m"] == pytest.approx([4.0, 3.0, 27.0, 12.0], abs=0.2)  # where the clicks were
