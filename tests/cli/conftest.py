"""A small building as a user's own table, and what the command line makes of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from command_line import Command, Ended

from tutelage.cli import main
from tutelage.data.fingerprints import Survey
from tutelage.data.surveys import export_table, simulated_survey

TINY = ("--epochs", 2, "--set", "width=16", "--set", "d_e=8", "--device", "cpu")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """On tensors this small threads only wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tutelage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The entry point in this process: the same path as in its own, without the start of PyTorch."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["tutelage", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        stdout, stderr = capsys.readouterr()
        return Ended(int(ended.value.code or 0), stdout, stderr)

    return run


@pytest.fixture(scope="session")
def building() -> Survey:
    """A small simulated building: about 160 training scans, 40 test scans, 16 access points."""
    return simulated_survey(
        seed=6, n_train=160, n_test=40, n_access_points=16, n_floors=1, width_m=40, depth_m=24
    )


@pytest.fixture(scope="session")
def tables(building: Survey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the building as survey.csv (with a column `split`) and its test scans as truth.csv."""
    folder = tmp_path_factory.mktemp("tables")
    export_table(building, folder / "survey.csv")
    export_table(building, folder / "truth.csv", split="test")
    return folder


@pytest.fixture(scope="session")
def made(tables: Path, made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A folder with the teacher `t.teacher` and the models `knn` and `dnn`, made by the command line."""
    survey, truth = tables / "survey.csv", tables / "truth.csv"

    def make(folder: Path) -> None:
        commands: list[tuple[object, ...]] = [
            ("teach", survey, "--out", folder / "t.teacher", *TINY),
            ("fit", survey, "--method", "knn", "--set", "k=3", "--out", folder / "knn"),
            (
                "fit",
                survey,
                "--method",
                "dnn",
                "--teachers",
                folder / "t.teacher",
                "--out",
                folder / "dnn",
                *TINY,
            ),
            ("locate", folder / "knn", truth, "--out", folder / "answers.csv"),
        ]
        with pytest.MonkeyPatch.context() as patched:
            for command in commands:
                patched.setattr(sys, "argv", ["tutelage", *map(str, command)])
                with pytest.raises(SystemExit) as ended:
                    main()
                assert ended.value.code in (None, 0)

    return made_once("made_by_command_line", make)
