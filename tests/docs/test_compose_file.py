"""The compose file for many: its commands are commands of ours, and what it names is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from tutelage.cli import app

COMPOSE = yaml.safe_load((Path(__file__).parents[2] / "docs/guides/compose.yaml").read_text(encoding="utf-8"))


def test_each_part_of_the_scale_out_is_there() -> None:
    assert {*COMPOSE["services"]} == {"one", "two", "balancer", "postgres", "mosquitto"}


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_server_is_started_by_options_that_exist(name: str) -> None:
    command = COMPOSE["services"][name]["command"][-1].partition("exec tutelage ")[2]
    options = {word for word in shlex.split(command) if word.startswith("--")}
    said = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "200"}).stdout
    assert options <= {*re.findall(r"--[a-z-]+", said)}


def test_the_balancer_asks_servers_that_are_there_and_ready() -> None:
    proxy = COMPOSE["configs"]["caddyfile"]["content"]
    servers = {*re.findall(r"(\w+):8765", proxy)}
    assert servers == {"one", "two"}
    assert "health_uri /readyz" in proxy


@pytest.mark.parametrize("kind", ["configs", "secrets"])
def test_what_a_service_names_is_defined(kind: str) -> None:
    named = {
        each if isinstance(each, str) else each["source"]
        for service in COMPOSE["services"].values()
        for each in service.get(kind, [])
    }
    assert named == {*COMPOSE[kind]}
