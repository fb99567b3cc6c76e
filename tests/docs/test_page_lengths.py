"""Pages keep to their lengths, and links between files of the repository lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATED = re.compile(r"<!-- from .*?<!-- end -->", re.DOTALL)
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
WRITTEN = sorted((ROOT / "docs").rglob("*.md"))
OUTSIDE = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]


def n_words(page: Path) -> int:
    """Return the words of a page without its generated blocks."""
    return len(GENERATED.sub("", page.read_text(encoding="utf-8")).split())


def test_readme_is_a_screen_and_a_half() -> None:
    assert 500 <= n_words(ROOT / "README.md") <= 700


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_guides_are_short(page: Path) -> None:
    assert n_words(page) <= 700


def test_results_are_one_page() -> None:
    assert n_words(ROOT / "docs" / "about" / "results.md") <= 1000


def test_the_verdict_is_one_page() -> None:
    assert n_words(ROOT / "docs" / "about" / "verdict.md") <= 800


def test_site_is_read_in_an_hour() -> None:
    assert sum(n_words(page) for page in WRITTEN) <= 17_500


def test_each_release_has_few_words() -> None:
    releases = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1:]
    assert len(releases) >= 2
    assert max(len(release.split()) for release in releases) <= 600


@pytest.mark.parametrize(
    "page", [*OUTSIDE, *sorted((ROOT / "research").glob("*.md"))], ids=lambda page: page.name
)
def test_links_between_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (page.parent / link).exists()] == []
