"""Ctrl-C, kill -9 and a full disk: what was there survives, and what was stopped goes on bit for bit."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
from pathlib import Path

import pytest
import torch
from command_line import MAIN, Command, assert_refused, files_below, in_own_process, stopped_after
from filelock import FileLock

from tutelage.methods.matcher.pretrained import shipped_matcher
from tutelage.paper.expert_training import Teacher

# 30 steps a stage, stopped after the 27th: the last checkpoint is that of step 20, the last figures of 25
RUN = ("--epochs", 15, "--set", "width=16", "--set", "d_e=8", "--set", "batch_size=64", "--device", "cpu")


def ended_well(tutelage: Command, *command: object) -> None:
    ended = tutelage(*command)
    assert ended.code == 0, ended.stderr


def logged_steps(path: Path) -> list[tuple[str, int]]:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(line["stage"], line["step"]) for line in lines]


@pytest.mark.parametrize(
    ("verb", "module"),
    [
        ("locate", "tutelage.cli"),
        ("locate", "typer"),
        ("locate", "tutelage.cli.verb_locate"),
        ("locate", "tutelage.runtime.exported_model"),
        ("drift", "tutelage.localizer"),
    ],
)
def test_ctrl_c_while_modules_are_loaded_is_one_line(verb: str, module: str, tables: Path) -> None:
    program = (
        "import sys\n"
        "class Stop:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from tutelage.__main__ import main\n"
        "main()\n"
    )
    command = (verb, "model", tables / "truth.csv")
    ended = in_own_process(*command, program=[sys.executable, "-c", program])
    assert (ended.code, ended.stdout, ended.stderr.strip()) == (130, "", "stopped")


def test_ctrl_c_before_the_long_work_of_a_verb_is_one_line(
    tutelage: Command, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tutelage.data.surveys.load", stopped)
    ended = tutelage("compare", tables / "survey.csv")
    assert (ended.code, ended.stdout, ended.stderr.strip()) == (130, "", "stopped")


@pytest.mark.slow
def test_fit_stopped_by_ctrl_c_and_resumed_is_the_uninterrupted_fit(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path
) -> None:
    fit = ("fit", tables / "survey.csv", "--method", "dnn", "--teachers", made / "t.teacher", *RUN)
    stopped, whole = tmp_path / "stopped", tmp_path / "whole"
    ended = stopped_after(27, signal.SIGINT, *fit, "--out", stopped, "--json")
    assert (ended.code, ended.stdout) == (130, "")
    assert "--resume" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not stopped.exists()
    assert (tmp_path / "stopped.checkpoint" / "student.checkpoint").is_file()
    left = files_below(tmp_path)
    other = tutelage(*fit, "--out", stopped, "--seed", 1, "--resume")
    assert_refused(other, "seed was 0, now 1", "without --resume")
    assert files_below(tmp_path) == left
    ended_well(tutelage, *fit, "--out", stopped, "--resume")
    ended_well(tutelage, *fit, "--out", whole)
    assert (stopped / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    answers = [tutelage("locate", model, tables / "truth.csv").stdout for model in (stopped, whole)]
    assert answers[0] == answers[1]
    steps = logged_steps(tmp_path / "stopped.metrics.jsonl")
    assert steps == logged_steps(tmp_path / "whole.metrics.jsonl") == [("student", 25), ("student", 30)]
    assert not (tmp_path / "stopped.checkpoint").exists()


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["fit", "teach"])
def test_what_becomes_of_checkpoints_is_told(
    tutelage: Command, tables: Path, tmp_path: Path, verb: str
) -> None:
    name = "--method" if verb == "fit" else "--network"
    learn = (verb, tables / "survey.csv", name, "dnn", *RUN, "--out", tmp_path / "m")
    assert "checkpoint" not in tutelage(*learn).stderr
    resumed = tutelage(*learn, "--resume")
    assert (resumed.code, "no " + str(tmp_path / "m.checkpoint") in resumed.stderr) == (0, True)
    stopped_after(27, signal.SIGKILL, *learn)
    anew = tutelage(*learn)
    assert (anew.code, "of an earlier run is replaced; with --resume" in anew.stderr) == (0, True)
    assert not (tmp_path / "m.checkpoint").exists()


@pytest.mark.parametrize(
    "verb", ["fit", *(pytest.param(verb, marks=pytest.mark.slow) for verb in ("update", "teach"))]
)
def test_two_commands_that_learn_the_same_do_not_share_checkpoints(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path, verb: str
) -> None:
    out = tmp_path / "m"
    learn: tuple[object, ...] = {
        "fit": ("fit", tables / "survey.csv", "--method", "dnn", *RUN),
        "update": ("fit", "--update", made / "dnn", tables / "survey.csv"),
        "teach": ("teach", tables / "survey.csv", *RUN),
    }[verb]
    with FileLock(tmp_path / ".m.lock"):
        before = files_below(tmp_path)
        assert_refused(tutelage(*learn, "--out", out), f"another command is learning {out}", "--out")
        assert files_below(tmp_path) == before
    ended_well(tutelage, *learn, "--out", out)
    assert not (tmp_path / ".m.lock").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "killed_in", "more"),
    [
        ("matcher", "matcher, own map", ("--set", "fine_tune_updates=30", "--set", "exercises=64")),
        (
            "blend",
            "student",
            (
                "--set",
                "always=true",
                "--set",
                "matcher.fine_tune_updates=20",
                "--set",
                "matcher.exercises=64",
                *RUN,
            ),
        ),
    ],
)
def test_fit_with_a_matcher_killed_and_resumed_is_the_uninterrupted_fit(
    tutelage: Command,
    tables: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    killed_in: str,
    more: tuple[object, ...],
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the process that is killed, as in this one
    fit = ("fit", tables / "survey.csv", "--method", method, "--device", "cpu", *more)
    stopped, whole = tmp_path / "stopped", tmp_path / "whole"
    assert stopped_after(27, signal.SIGKILL, *fit, "--out", stopped).code == -signal.SIGKILL
    assert not stopped.exists()
    logs = sorted(tmp_path.glob("stopped*.metrics*.jsonl"))
    assert logged_steps(max(logs, key=lambda log: log.stat().st_mtime_ns)) == [(killed_in, 25)]
    ended_well(tutelage, *fit, "--out", stopped, "--resume")
    ended_well(tutelage, *fit, "--out", whole)
    assert (stopped / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()


@pytest.mark.slow
def test_teach_killed_and_resumed_is_the_uninterrupted_teach(
    tutelage: Command, tables: Path, tmp_path: Path
) -> None:
    teach = ("teach", tables / "survey.csv", *RUN)
    stopped, whole = tmp_path / "stopped.teacher", tmp_path / "whole.teacher"
    assert stopped_after(27, signal.SIGKILL, *teach, "--out", stopped).code == -signal.SIGKILL
    assert not stopped.exists()
    ended_well(tutelage, *teach, "--out", stopped, "--resume")
    ended_well(tutelage, *teach, "--out", whole)
    one, other = (Teacher.load(path) for path in (stopped, whole))
    assert one.card == other.card
    weights, expected = one.generator.state_dict(), other.generator.state_dict()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_ctrl_c_at_reproduce_says_how_to_go_on(
    tutelage: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_arguments: object, **_options: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("tutelage.experiments.reproduce.reproduce", stopped)
    ended = tutelage("reproduce", "table1", "--out", tmp_path)
    assert (ended.code, ended.stdout) == (130, "")
    assert "the same command again" in ended.stderr


@pytest.mark.parametrize(
    ("verb", "inside", "said"),
    [
        (("evaluate", "MODEL", "--on", "TRUTH", "--report", "p.html"), "evaluation.evaluate", "nothing was"),
        (("export", "MODEL", "--out", "m.zip"), "export.export_model", "nothing was written"),
        (("drift", "MODEL", "TRUTH"), "evaluation.drift.measure_drift", "give the same command again"),
        (("locate", "MODEL", "TRUTH", "--out", "a.csv"), "runtime.Runtime.positions_of", "nothing was"),
        (("locate", "NETWORK", "TRUTH", "--out", "a.csv"), "localizer.Localizer.predict", "nothing was"),
    ],
    ids=lambda given: "-".join(given[:2]) if isinstance(given, tuple) else None,
)
def test_ctrl_c_while_a_model_is_asked_says_what_to_do_next(
    tutelage: Command,
    made: Path,
    tables: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verb: tuple[str, ...],
    inside: str,
    said: str,
) -> None:
    def stopped(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"tutelage.{inside}", stopped)
    monkeypatch.chdir(tmp_path)
    named = {"MODEL": made / "knn", "NETWORK": made / "dnn", "TRUTH": tables / "truth.csv"}
    ended = tutelage(*(named.get(word, word) for word in verb))
    assert (ended.code, ended.stdout) == (130, "")
    assert f"stopped; {said}" in ended.stderr
    assert files_below(tmp_path) == {}


@pytest.mark.slow
def test_killed_while_writing_keeps_the_old_answers(made: Path, tables: Path, tmp_path: Path) -> None:
    old = tmp_path / "a.csv"
    old.write_text("the old answers")
    dies = "import os, signal; os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)"
    program = [sys.executable, "-c", f"{dies}; {MAIN[-1]}"]
    locate = ("locate", made / "knn", tables / "truth.csv", "--out", old)
    assert in_own_process(*locate, program=program).code == -signal.SIGKILL
    assert old.read_text() == "the old answers"


# -- a full disk ------------------------------------------------------------------------------------------


def no_file_above_1_kb() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then a write fails as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))


@pytest.mark.parametrize(
    "verb", ["export", *(pytest.param(verb, marks=pytest.mark.slow) for verb in ("fit", "locate"))]
)
def test_disk_that_is_full_keeps_the_old(made: Path, tables: Path, tmp_path: Path, verb: str) -> None:
    shutil.copytree(made / "knn", tmp_path / "m")
    for name in ("a.csv", "survey.parquet"):
        (tmp_path / name).write_text("the old one")
    before = files_below(tmp_path)
    command = {
        "fit": ("fit", tables / "survey.csv", "--method", "knn", "--set", "k=1", "--out", "m"),
        "locate": ("locate", "m", tables / "survey.csv", "--out", "a.csv"),
        "export": ("data", "export", tables / "survey.csv", "survey.parquet"),
    }[verb]
    # Python itself must not write its compiled files under the limit.
    ended = in_own_process(
        *command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=no_file_above_1_kb,
    )
    assert_refused(ended, "could not write", "what was there is unchanged")
    assert files_below(tmp_path) == before


@pytest.mark.parametrize("verb", ["teach", "evaluate"])
def test_disk_that_is_full_at_the_end_keeps_the_old(
    tutelage: Command, made: Path, tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    old = tmp_path / "old.html"
    if verb == "teach":
        shipped_matcher().save(old)  # one of its kind: another would not be replaced
    else:
        old.write_text("the old one")
    before = old.read_bytes()

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    command = {
        "teach": ("teach", tables / "survey.csv", "--out", old, "--epochs", 1, "--device", "cpu"),
        "evaluate": ("evaluate", made / "knn", "--on", tables / "truth.csv", "--report", old),
    }[verb]
    ended = tutelage(*command)
    assert ended.code == 2
    assert "No space left on device" in ended.stderr
    assert old.read_bytes() == before
