"""The demo makes everything it says, and the command it prints works."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import urllib.request
from functools import partial
from pathlib import Path

import pytest
from command_line import Command

from tutelage.experiments.demo import make_demo, next_command

SHORT = {"network_epochs": 2, "matcher.fine_tune_updates": 4, "matcher.exercises": 64}


def test_demo_makes_everything_and_its_next_command_works(
    tutelage: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "my demo"
    short = partial(make_demo, epochs=1, default_settings=SHORT)
    monkeypatch.setattr("tutelage.experiments.demo.make_demo", short)
    demo = tutelage("demo", "--out", out)
    assert demo.code == 0, demo.stderr
    models = {"default", "knn", "dnn", "dnn-untrained", "dnn-taught"}
    files = {"survey.csv", "scans.csv", "museum.teacher", "report.html", ".tutelage-demo"}
    assert {path.name for path in out.iterdir()} == models | files
    assert all(f" {model} " in demo.stdout for model in models)
    assert demo.stdout.endswith(next_command(out) + "\n")
    assert all(model in (out / "report.html").read_text(encoding="utf-8") for model in models)

    monkeypatch.chdir(tmp_path)
    fit, _, serve = demo.stdout.splitlines()[-3:]
    _, *words = shlex.split(fit)
    ended = tutelage(*words, *(f"--set={name}={value}" for name, value in SHORT.items()))
    assert ended.code == 0, ended.stderr
    assert (tmp_path / "my-model" / "model.json").is_file()
    assert simulated_devices([sys.executable, "-m", "tutelage", *shlex.split(serve)[1:]]) == 3


def simulated_devices(serve: list[str]) -> int:
    """Start the service as the demo says, and count the devices that it shows."""
    process = subprocess.Popen([*serve, "--port", "0", "--store", "a.db", "--json"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["url"]
        with urllib.request.urlopen(f"{address}v1/events", timeout=20) as stream:
            assert stream.readline() == b"event: device\n"
            return len(json.loads(stream.readline().removeprefix(b"data: ")))
    finally:
        process.kill()
        process.communicate()


def test_next_command_names_the_environment_where_it_is_not_active(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setenv("PATH", str(tmp_path))
    commands = next_command(Path("demo")).splitlines()[-3::2]
    assert commands[0].startswith("  .venv/bin/tutelage fit demo/survey.csv")
    assert commands[1] == "  .venv/bin/tutelage serve demo/default --simulate"
    program = tmp_path / "tutelage"
    program.touch(mode=0o755)
    assert next_command(Path("demo")).splitlines()[-3].startswith("  tutelage fit demo/survey.csv")
