"""The table of costs in docs/networks.md is counted, and names every network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tutelage.networks import build_network, network_cost, network_names, network_spec
from tutelage.paper.expert_distilling import distilling_recipe

DOCS = (Path(__file__).parents[1] / "docs" / "networks.md").read_text(encoding="utf-8")
UJIINDOORLOC, TAMPERE = (465, 18), (779, 48)


@pytest.mark.parametrize("name", network_names())
def test_docs_show_the_counted_costs(name: str) -> None:
    counts = [figure for survey in (UJIINDOORLOC, TAMPERE) for figure in network_cost(name, *survey)]
    assert f"| `{name}` | {' | '.join(f'{count:,}' for count in counts)} |" in DOCS


@pytest.mark.parametrize("name", network_names())
def test_docs_name_every_network_with_its_d_e_and_its_source(name: str) -> None:
    rows = re.findall(rf"^\| `{name}` \|.*\|$", DOCS, flags=re.MULTILINE)
    assert len(rows) == 3  # its parts, its source, its costs
    assert build_network(name, 40).d_e(40) == int(rows[0].split("|")[-2])


@pytest.mark.parametrize("name", network_names())
def test_docs_give_the_length_of_the_default_recipe(name: str) -> None:
    updates = distilling_recipe("default", {}, network_spec(name)).updates
    assert f"{updates:,} for `{name}`" in " ".join(DOCS.split())
