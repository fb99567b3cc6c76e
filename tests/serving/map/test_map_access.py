"""The map is for everyone: screen readers, keyboards, other languages, phones, and browsers with a key."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from live_map import SECTIONS, LiveMap, heard_on, post_scan, rooms_file, square
from playwright.sync_api import Page, expect
from running_service import RunningService

import tutelage.serving
from tutelage.serving.access_keys import Role
from tutelage.serving.store import Store

STATIC = Path(tutelage.serving.__file__).parent / "static"
AXE = Path(__file__).parent / "axe" / "axe.min.js"
OpenMap = Callable[..., LiveMap]
SENT = (
    "#device-list b, #layer-access-point, .device-name, .leaflet-control-scale, "
    "[data-slot=about], [data-slot=measured]"
)
TEXTS = """sent => [...document.querySelectorAll("body *")]
  .filter((node) => node.checkVisibility() && !node.closest(sent))
  .flatMap((node) => [
    ...[...node.childNodes].filter((each) => each.nodeType === 3).map((each) => each.data),
    node.ariaLabel, node.placeholder, node.title])
  .map((words) => (words ?? "").trim()).filter(Boolean)"""
LONGEST = """() => {
  window.longest = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 10);
}"""
CONTROLS = "a[href], button, input, select, textarea, [tabindex='0']"


@pytest.fixture(scope="module")
def furnished(service: RunningService) -> RunningService:
    """The service with a room, a plan, a survey and a device."""
    post_scan(service, "trolley")
    room = rooms_file(square("Office 9", 2.0, 2.0, 8.0, "0"))
    service.call("PUT", "v1/plans/nine?name=nine.geojson&floor=0", room)
    service.call("POST", "v1/surveys", {"id": "nine", "name": "nine", "device": "trolley", "floor": "0"})
    mark = {"id": "nine-1", "start_s": 1.0, "x_m": 4.0, "y_m": 4.0, "floor": "0"}
    service.call("POST", "v1/surveys/nine/marks", {"marks": [mark]})
    return service


def problems(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical, and where."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


def look_everywhere(shown: LiveMap) -> Iterator[str]:
    """Open every section, form and dialog, and yield what is open."""
    page = shown.page
    for section in SECTIONS:
        shown.section(section)
        if section == "devices":
            page.locator("#device-list button").first.click()
        if section == "layers":
            page.get_by_label("Survey coverage").check()
        yield section
    page.locator("#room-list button").first.click()
    yield "naming dialog"
    page.keyboard.press("Escape")
    shown.section("survey").locator("#survey-list button", has_text="nine").click()
    expect(page.locator("#survey-open")).to_be_visible()
    yield "survey panel"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("width", "dark"),
    [
        (1280, False),
        pytest.param(1280, True, marks=pytest.mark.slow),
        pytest.param(390, False, marks=pytest.mark.slow),
        pytest.param(390, True, marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_serious(
    furnished: RunningService, open_map: OpenMap, width: int, dark: bool
) -> None:
    shown = open_map(furnished, width=width, dark=dark)
    assert {place: found for place in look_everywhere(shown) if (found := problems(shown.page))} == {}
    shown.page.evaluate("document.body.append(document.createElement('button'))")
    assert any("button-name" in found for found in problems(shown.page))  # so it does look


@pytest.mark.browser
def test_the_keyboard_reaches_every_control_and_clicks_on_the_map(
    furnished: RunningService, open_map: OpenMap
) -> None:
    shown = open_map(furnished)
    page = shown.page
    shown.section("survey").locator("#survey-list button", has_text="nine").click()
    expect(page.locator("#survey-open")).to_be_visible()
    wanted = page.evaluate(
        """controls => [...document.querySelectorAll(controls)]
          .filter((each) => each.checkVisibility() && !each.disabled && each.tabIndex >= 0)
          .filter((each) => each.type !== "radio" || each.checked)
          .map((each, i) => (each.dataset.nth = i))""",
        CONTROLS,
    )
    page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(2 * len(wanted)):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("Number(document.activeElement.dataset.nth ?? -1)"))
    assert {*wanted} <= reached
    page.locator("#map").focus()
    before = page.locator("#survey-marks li").count()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#survey-marks li")).to_have_count(before + 1)


@pytest.mark.browser
def test_every_text_of_the_page_comes_from_the_file_of_strings(
    furnished: RunningService, open_map: OpenMap
) -> None:
    strings = json.loads((STATIC / "strings.json").read_text())["en"]
    foreign = {"en": {key: re.sub(r"[A-Za-z]+(?![^{]*})", "¤", text) for key, text in strings.items()}}
    shown = open_map(furnished)
    shown.page.route("**/strings.json", lambda route: route.fulfill(json=foreign))
    shown.page.reload()
    expect(shown.page.locator("#live")).to_have_class("live")
    expect(shown.page.locator("#device-list b")).not_to_have_count(0)
    data = sorted(map(re.escape, names_in(furnished)), key=len, reverse=True)
    for section in SECTIONS:
        shown.section(section)
        words = texts(shown.page)
        untranslated = [word for word in words if re.search("[A-Za-z]{2}", re.sub("|".join(data), "", word))]
        assert untranslated == [], section


def names_in(service: RunningService) -> set[str]:
    """Names that are not the page's own."""
    of_kind = {
        kind: service.call("GET", f"v1/{kind}")[kind]
        for kind in ("devices", "plans", "rooms", "surveys", "models")
    }
    names = {each["name"] for items in of_kind.values() for each in items}
    devices = {each["device"] for each in of_kind["devices"] + of_kind["surveys"] if each["device"]}
    models = of_kind["models"]
    return names | devices | {"knn"} | {building for each in models for building in each["buildings"]}


def texts(page: Page) -> list[str]:
    """Every visible text, and every name for screen readers, but what the service sent."""
    found: list[str] = page.evaluate(TEXTS, SENT)
    return found


def test_the_script_is_short_and_names_every_string() -> None:
    scripts = {path.name: path.read_text() for path in STATIC.glob("*.js")}
    lines = [line for script in scripts.values() for line in script.splitlines() if line.strip()]
    assert len(lines) < 800
    assert max(map(len, lines)) <= 120
    strings = json.loads((STATIC / "strings.json").read_text())["en"]
    page = (STATIC / "index.html").read_text()
    assert {*re.findall(r'data-(?:text|label|hint)="([^"]+)"', page)} <= strings.keys()
    sources = page + "".join(scripts.values())
    stems = {key.rpartition(".")[0] for key in strings if key not in sources}
    assert [stem for stem in sorted(stems) if not re.search(rf'["`]{re.escape(stem)}[."`$]', sources)] == []


def test_the_page_has_neither_text_nor_script_nor_style_of_its_own() -> None:
    page = re.sub(r"<title>.*?</title>", "", (STATIC / "index.html").read_text())
    assert re.sub(r"<[^>]*>", "", page).split() == ["◐"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|https?:", page)


def test_files_of_leaflet_are_whole_and_ask_for_nothing_else() -> None:
    folder = STATIC / "leaflet"
    assert "Volodymyr Agafonkin" in (folder / "LICENSE").read_text()
    script = (folder / "leaflet.js").read_text()
    assert "Leaflet 1.9.4" in script
    assert "sourceMappingURL" not in script
    for url in re.findall(r"url\(([^#)]+)\)", (folder / "leaflet.css").read_text()):
        assert (folder / url).is_file(), url


@pytest.mark.browser
@pytest.mark.slow
def test_a_browser_enters_with_a_key_and_sees_what_its_role_allows(
    office: Path, tmp_path: Path, open_map: OpenMap
) -> None:
    with Store.open(str(tmp_path / "service.db")) as store:
        reader = store.keys.make("reader", Role.READ)
        admin = store.keys.make("admin", Role.ADMIN)
    with RunningService([office], tmp_path, ["--require-keys"], key=admin) as service:
        shown = open_map(service, wait=False)
        entry = shown.page.locator("#entry")
        expect(entry).to_be_visible()
        assert problems(shown.page) == []
        entry.get_by_label("Key").fill("ttl_wrong")
        entry.get_by_role("button", name="Open").click()
        expect(entry.get_by_role("alert")).to_contain_text("unknown or revoked")
        entry.get_by_label("Key").fill(reader)
        entry.get_by_role("button", name="Open").click()
        expect(shown.page.locator("#live")).to_have_class("live")
        expect(shown.section("survey")).to_contain_text("may look, but not survey")
        expect(shown.page.locator("#survey-new")).to_be_hidden()
        expect(shown.section("models").locator("#learn")).to_be_hidden()


@pytest.mark.browser
@pytest.mark.slow
def test_a_thousand_devices_leave_the_page_responsive(
    office: Path, tmp_path: Path, open_map: OpenMap
) -> None:

    with RunningService([office], tmp_path) as service:
        shown = open_map(service)
        scans: list[dict[str, Any]] = [
            {"device": f"tag {i:04d}", "rss_dbm": heard_on(str(i % 2), i % 20)} for i in range(1000)
        ]
        shown.page.evaluate(LONGEST)
        for _ in range(10):
            service.call("POST", "v1/locate", {"scans": scans})
        expect(shown.page.locator("#device-more")).to_contain_text("900 more devices")
        shown.page.get_by_role("searchbox").fill("tag 0999")
        expect(shown.page.locator("#device-list b")).to_have_text(["tag 0999"])
        shown.page.locator("#device-list button").first.click()
        expect(shown.names().get_by_text("tag 0999")).to_be_visible()
        longest_ms = shown.page.evaluate("longest")
        assert longest_ms < 1000, longest_ms
