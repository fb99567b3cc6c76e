"""The site builds strictly, with every link checked, and needs no other host when it is opened."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

pytestmark = pytest.mark.slow  # what they share takes long to make

ROOT = Path(__file__).parents[2]
PAGES = ("index.html", "start.html", "guides/fit.html", "concepts/framework.html", "reference/api.html")


@pytest.fixture(scope="session")
def site(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """The folder of the built site."""

    def build(folder: Path) -> None:
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
        built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr

    return made_once("site", build)


class _Resources(HTMLParser):
    """Collects what a page loads by itself: scripts, styles, pictures, frames."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the address of one element."""
        values = dict(attrs)
        is_link = tag == "link" and values.get("rel") not in ("canonical", "prev", "next")
        if is_link and values.get("href"):
            self.addresses.append(str(values["href"]))
        if tag in ("script", "img", "iframe", "source") and values.get("src"):
            self.addresses.append(str(values["src"]))


def test_pages_load_nothing_from_another_host(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        resources = _Resources()
        resources.feed(page.read_text(encoding="utf-8"))
        assert resources.addresses, page
        assert [a for a in resources.addresses if re.match(r"(https?:)?//", a)] == [], page


def test_styles_load_nothing_from_another_host(site: Path) -> None:
    styles = sorted(site.rglob("*.css"))
    assert styles
    for style in styles:
        loaded = re.findall(r"url\(\s*['\"]?((?:https?:)?//[^)]*)", style.read_text(encoding="utf-8"))
        assert loaded == [], style


def test_equations_are_mathml(site: Path) -> None:
    page = (site / "concepts" / "framework.html").read_text(encoding="utf-8")
    assert page.count("<math") > 10
    assert "arithmatex" not in page


@pytest.mark.browser
@pytest.mark.parametrize("page", PAGES)
def test_a_browser_asks_no_other_host(site: Path, page: str, tmp_path: Path, chromium: str) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    log = tmp_path / "net.json"
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --virtual-time-budget=4000 --dump-dom"
    )
    options = [f"--log-net-log={log}", f"--user-data-dir={tmp_path / 'profile'}"]
    try:
        opened = subprocess.run(
            [chromium, *flags.split(), *options, f"{address}/{page}"],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    finally:
        server.shutdown()
        server.server_close()
    assert "md-content" in opened.stdout
    asked = _addresses(log.read_text(encoding="utf-8"), initiator=address)
    assert f"{address}/{page}" in asked
    assert [each for each in asked if not each.startswith(f"{address}/")] == []


def _addresses(net_log: str, initiator: str) -> list[str]:
    """Return what the page asked for: the browser's own requests have no initiator of the site."""
    text = net_log if net_log.rstrip().endswith("}") else net_log.rstrip().rstrip(",") + "]}"
    return [
        event["params"]["url"]
        for event in json.loads(text)["events"]
        if "url" in event.get("params", {})
        and (event["params"].get("initiator") == initiator or event["params"]["url"].startswith(initiator))
    ]
