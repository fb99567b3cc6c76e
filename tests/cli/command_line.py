"""The command line as its users meet it: in a process of its own, or in this one where starts would add up.

    python command_line.py STEP SIGNAL ARGUMENT...

runs the command line with a checkpoint after every tenth step, and sends itself SIGNAL after step STEP.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from torch import Tensor

from tutelage.training import TrainState, loop

MAIN = [sys.executable, "-c", "from tutelage.__main__ import main; main()"]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


Command = Callable[..., Ended]


def in_own_process(*arguments: object, program: list[str] | None = None, **options: Any) -> Ended:
    """Run the command line as a shell does."""
    command = [*(program or MAIN), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def stopped_after(step: int, by: signal.Signals, *arguments: object) -> Ended:
    """Run the command line until it sends itself a signal after a training step."""
    return in_own_process(step, by.name, *arguments, program=[sys.executable, __file__])


def assert_refused(ended: Ended, *said: str) -> None:
    """Exit code 2, nothing on standard output, no traceback, and one message in which `said` stands."""
    message = " ".join(ended.stderr.replace("│", " ").split())
    assert ended.code == 2, ended
    assert "Traceback" not in ended.stderr, ended.stderr
    assert ended.stdout == "", ended.stdout
    assert ended.stderr.lower().count("error") >= 1, ended.stderr
    for part in said:
        assert part in message, f"{part!r} is not in {message!r}"


def files_below(folder: Path) -> dict[str, bytes | None]:
    """Every path below a folder with its content, None for folders."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def _stop_after(step: int, by: signal.Signals) -> None:
    def checkpoint_every(path: Path, _seconds: float) -> Callable[[TrainState, dict[str, Tensor]], None]:
        save = loop.checkpoint_every(path, 0.0)

        def hook(state: TrainState, metrics: dict[str, Tensor]) -> None:
            if state.step % 10 == 0:
                save(state, metrics)
            if state.step == step:
                os.kill(os.getpid(), by)

        return hook

    mock.patch("tutelage.training.stage.checkpoint_every", checkpoint_every).start()


if __name__ == "__main__":
    from tutelage.cli import main

    # A run that is started in the background inherits that Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _stop_after(int(sys.argv[1]), signal.Signals[sys.argv[2]])
    sys.argv[1:3] = []
    main()
