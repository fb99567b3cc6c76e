"""The demo makes everything it says, and the commands it prints work."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path

import pytest
from command_line import Command

from tutelage.experiments.demo import make_demo, next_commands

SHORT = [
    f"--set={name}" for name in ("network_epochs=2", "matcher.fine_tune_updates=4", "matcher.exercises=64")
]


def test_demo_makes_everything_and_its_next_commands_work(
    tutelage: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "my demo"
    monkeypatch.setattr("tutelage.experiments.demo.make_demo", partial(make_demo, epochs=1))
    demo = tutelage("demo", "--out", out)
    assert demo.code == 0, demo.stderr
    models = {"knn", "matcher", "dnn", "dnn-untrained", "dnn-taught"}
    files = {"survey.csv", "scans.csv", "museum.teacher", "report.html", ".tutelage-demo"}
    assert {path.name for path in out.iterdir()} == models | files
    assert all(f" {model} " in demo.stdout for model in models)
    assert demo.stdout.endswith(next_commands(out) + "\n")
    assert all(model in (out / "report.html").read_text(encoding="utf-8") for model in models)

    commands = [line for line in demo.stdout.splitlines() if line.startswith("  tutelage ")]
    assert len(commands) == 6
    for command in commands:
        _, verb, *rest = shlex.split(command.partition("|")[0])
        ended = tutelage(verb, *rest, *(SHORT if verb == "fit" else ()))
        assert ended.code == 0, (command, ended.stderr)
        assert ended.stdout
    assert (out / "my-model" / "model.json").is_file()
    assert (out / "mine.html").is_file()


def test_next_commands_begin_with_the_environment_where_it_is_not_active(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert next_commands(Path("demo")).splitlines()[1] == "  source .venv/bin/activate"
    program = tmp_path / "tutelage"
    program.touch(mode=0o755)
    assert "source" not in next_commands(Path("demo"))
