"""The map in a browser: what devices send appears, names are text, and two browsers see the same."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from live_map import LiveMap, post_scan, rooms_file, square
from playwright.sync_api import expect
from running_service import RunningService

pytestmark = pytest.mark.browser
OpenMap = Callable[..., LiveMap]
HOSTILE = "<img src=/hostile.png onerror='document.title=1'>"


def test_a_posted_position_appears_on_the_map(service: RunningService, open_map: OpenMap) -> None:
    shown = open_map(service)
    post_scan(service, "trolley", floor="0")
    row = shown.page.locator("#device-list li", has_text="trolley")
    expect(row).to_contain_text(re.compile(r"Floor 0 · ± \d+\.\d m · now"))
    expect(shown.names().get_by_text("trolley")).to_be_visible()
    for number in (1, 2, 3):
        post_scan(service, "trolley", floor="1", number=number)
    shown.floor("1").click()
    expect(shown.names().get_by_text("trolley")).to_be_visible()


def test_a_device_is_found_chosen_and_followed_to_its_floor(
    service: RunningService, open_map: OpenMap
) -> None:
    post_scan(service, "badge 17", floor="0")
    shown = open_map(service)
    shown.page.get_by_role("searchbox").fill("adge 1")
    expect(shown.page.locator("#device-list li")).to_have_count(1)
    shown.page.locator("#device-list").get_by_role("button", name="badge 17").click()
    shown.page.get_by_role("button", name="Follow").click()
    expect(shown.floor("0")).to_have_attribute("aria-pressed", "true")
    for number in (1, 2, 3, 4, 5, 6):
        post_scan(service, "badge 17", floor="1", number=number)
    expect(shown.floor("1")).to_have_attribute("aria-pressed", "true")
    shown.page.get_by_role("button", name="Rename").click()
    shown.page.locator("#naming").get_by_label("Name").fill("Porter")
    shown.page.get_by_role("button", name="Save").click()
    expect(shown.page.locator("#device-list")).to_contain_text("Porter")


def test_a_room_is_renamed_and_another_browser_sees_it(service: RunningService, open_map: OpenMap) -> None:
    plan = rooms_file(square("Office 7", 2.0, 2.0, 8.0, "0"))
    service.call("PUT", "v1/plans/seven?name=east.geojson&floor=0", plan)
    first, second = open_map(service), open_map(service)
    expect(second.page.locator("#map .room-name").get_by_text("Office 7")).to_be_attached()
    first.section("plans").get_by_role("button", name="Office 7").click()
    first.page.locator("#naming").get_by_label("Name").fill("Kitchen")
    first.page.get_by_role("button", name="Save").click()
    for shown in (first, second):
        expect(shown.page.locator("#map .room-name").get_by_text("Kitchen")).to_be_attached()
    second.page.get_by_role("searchbox").fill("kitch")
    expect(second.page.locator("#room-results li")).to_contain_text("Kitchen")


def test_names_from_elsewhere_are_text_and_never_html(service: RunningService, open_map: OpenMap) -> None:
    post_scan(service, HOSTILE)
    plan = rooms_file(square(HOSTILE, 12.0, 2.0, 5.0, "0"))
    service.call("PUT", "v1/plans/hostile?name=%3Cimg%20src%3D%2Fhostile.png%3E&floor=0", plan)
    session = {"id": "hostile", "name": HOSTILE, "device": HOSTILE}
    service.call("POST", "v1/surveys", session)
    mark = {"id": "m", "start_s": 1.0, "x_m": 1.0, "y_m": 1.0, "place": HOSTILE, "floor": "0"}
    service.call("POST", "v1/surveys/hostile/marks", {"marks": [mark]})
    shown = open_map(service)
    expect(shown.names().get_by_text(HOSTILE)).to_be_visible()
    expect(shown.page.locator(".room-name").get_by_text(HOSTILE)).to_be_attached()
    shown.page.locator("#device-list").get_by_role("button", name=HOSTILE).click()
    shown.section("plans")
    expect(shown.page.locator("#plan-list")).to_contain_text("<img src=/hostile.png>")
    shown.section("survey").get_by_role("button", name=HOSTILE).click()
    expect(shown.page.locator("#survey-marks")).to_contain_text(HOSTILE)
    assert shown.page.locator("img[src='/hostile.png']").count() == 0
    assert shown.page.title() == "Tutelage"


def test_every_layer_is_drawn_with_its_legend(service: RunningService, open_map: OpenMap) -> None:
    shown = open_map(service)
    section = shown.section("layers")
    legend = shown.page.locator("#legend")
    section.get_by_label("Survey coverage").check()
    expect(legend).to_contain_text("Scans")
    section.get_by_label("Expected error").check()
    expect(legend).to_contain_text("Radius in m")
    expect(section).to_contain_text("probability 95%")
    section.get_by_label("Radio map of one access point").check()
    expect(legend).to_contain_text("dBm")
    section.locator("#layer-access-point").select_option(index=3)
    expect(legend).to_contain_text("dBm")
    section.get_by_label("Gone access points").check()
    expect(section).to_contain_text("None is missing so far")
    expect(legend).to_be_hidden()


def test_the_panel_says_how_well_the_model_locates_and_on_what_it_was_measured(
    service: RunningService, open_map: OpenMap
) -> None:
    (model,) = service.call("GET", "v1/models")["models"]
    card = open_map(service).section("models").locator("article")
    expect(card.locator(".figure")).to_have_text(f"{model['held_out_mae_m']:.1f} m mean error")
    expect(card).to_contain_text(f"on {model['held_out']}")
