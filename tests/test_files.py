"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tutelage import files
from tutelage.errors import BadInputError, TutelageError
from tutelage.files.atomic import atomic_file, atomic_folder, require_writable_parent

_WITHOUT_TORCH = """
import os, signal, sys, types
package = types.ModuleType("tutelage")
package.__path__ = [sys.argv[2]]
sys.modules["tutelage"] = package
"""
_KILLED_WHILE_WRITING_A_FILE = """
from tutelage.files.atomic import atomic_file
with atomic_file(sys.argv[1]) as beside, beside.open("w") as file:
    file.write("half of the n")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
_KILLED_WHILE_FILLING_A_FOLDER = """
from tutelage.files.atomic import atomic_folder
with atomic_folder(sys.argv[1]) as beside:
    (beside / "a.txt").write_text("new")
    os.kill(os.getpid(), signal.SIGKILL)
"""


DISK_FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_text("old")
    return path


@pytest.fixture
def old_folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.mkdir()
    (path / "a.txt").write_text("old")
    (path / "b.txt").write_text("old too")
    return path


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def write_half_and_fail(beside: Path, error: Exception) -> None:
    beside.write_text("half of the n")
    raise error


def killed(script: str, path: Path) -> int:
    """Exit code of `script`, run with the package's modules but not its `__init__`, which loads PyTorch."""
    package = str(Path(files.__file__).parents[1])
    command = [sys.executable, "-c", _WITHOUT_TORCH + script, str(path), package]
    return subprocess.run(command, check=False).returncode


def test_replaced_file_takes_the_place_of_the_old_and_leaves_nothing_beside(old_file: Path) -> None:
    with atomic_file(old_file) as beside:
        beside.write_text("new")
        assert old_file.read_text() == "old"
    assert contents(old_file.parent) == {"model.bin": "new"}


def test_replaced_file_keeps_the_old_when_the_disk_is_full_half_way(old_file: Path) -> None:
    with (
        pytest.raises(TutelageError, match=r"model\.bin: No space left.*unchanged"),
        atomic_file(old_file) as new,
    ):
        write_half_and_fail(new, DISK_FULL)
    assert contents(old_file.parent) == {"model.bin": "old"}


def test_replaced_file_keeps_the_old_when_the_move_fails(
    old_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DISK_FULL

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(TutelageError, match="unchanged"), atomic_file(old_file) as new:
        new.write_text("new")
    assert contents(old_file.parent) == {"model.bin": "old"}


def test_replaced_file_passes_other_errors_on_and_keeps_the_old(old_file: Path) -> None:
    with pytest.raises(ZeroDivisionError), atomic_file(old_file) as new:
        write_half_and_fail(new, ZeroDivisionError())
    assert contents(old_file.parent) == {"model.bin": "old"}


def test_replaced_file_keeps_the_old_when_the_process_is_killed_while_writing(old_file: Path) -> None:
    assert killed(_KILLED_WHILE_WRITING_A_FILE, old_file) == -signal.SIGKILL
    assert old_file.read_text() == "old"
    with atomic_file(old_file) as new:  # what the killed process left is not in the way
        new.write_text("new")
    assert old_file.read_text() == "new"


def test_replaced_folder_takes_the_place_of_the_old_and_leaves_nothing_beside(old_folder: Path) -> None:
    with atomic_folder(old_folder) as beside:
        (beside / "a.txt").write_text("new")
        assert contents(old_folder) == {"a.txt": "old", "b.txt": "old too"}
    assert contents(old_folder) == {"a.txt": "new"}
    assert [path.name for path in old_folder.parent.iterdir()] == ["model"]


def test_replaced_folder_is_made_where_there_was_none(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "model") as beside:
        (beside / "a.txt").write_text("new")
    assert contents(tmp_path / "model") == {"a.txt": "new"}


def test_replaced_folder_keeps_the_old_when_the_disk_is_full_half_way(old_folder: Path) -> None:
    with (
        pytest.raises(TutelageError, match=r"No space left.*unchanged"),
        atomic_folder(old_folder) as beside,
    ):
        write_half_and_fail(beside / "a.txt", DISK_FULL)
    assert contents(old_folder) == {"a.txt": "old", "b.txt": "old too"}
    assert [path.name for path in old_folder.parent.iterdir()] == ["model"]


def test_replaced_folder_puts_the_old_back_when_the_swap_fails(
    old_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def full_for_the_new(source: Path, target: Path) -> None:
        if ".part-" in source.name:
            raise DISK_FULL
        real(source, target)

    monkeypatch.setattr(os, "replace", full_for_the_new)
    with pytest.raises(TutelageError, match="unchanged"), atomic_folder(old_folder) as beside:
        (beside / "a.txt").write_text("new")
    assert contents(old_folder) == {"a.txt": "old", "b.txt": "old too"}
    assert [path.name for path in old_folder.parent.iterdir()] == ["model"]


def test_replaced_folder_keeps_the_old_when_the_process_is_killed_while_filling(old_folder: Path) -> None:
    assert killed(_KILLED_WHILE_FILLING_A_FOLDER, old_folder) == -signal.SIGKILL
    assert contents(old_folder) == {"a.txt": "old", "b.txt": "old too"}
    with atomic_folder(old_folder) as beside:
        (beside / "a.txt").write_text("new")
    assert contents(old_folder) == {"a.txt": "new"}


def test_missing_parent_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"the folder .*nowhere does not exist; create it"):
        require_writable_parent(tmp_path / "nowhere" / "model.bin")


def test_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere, whatever the mode says
    with pytest.raises(BadInputError, match="no permission to write"):
        require_writable_parent(tmp_path / "model.bin")
