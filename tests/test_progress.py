"""What is shown while work goes on: the same answers, and words for a terminal alone."""

from __future__ import annotations

import io

import numpy as np
import pytest

from tutelage import Localizer
from tutelage.data.surveys import simulated_survey
from tutelage.progress import blocks, progress_bar, steps


class Terminal(io.StringIO):
    """Standard error of somebody who sits there."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("n", "expected"), [(0, [0]), (3, [0]), (4, [0]), (5, [0, 4]), (9, [0, 4, 8])])
def test_blocks_cover_every_row_once(n: int, expected: list[int]) -> None:
    assert [each.start for each in blocks(n, 4, "rows", progress=False)] == expected


def shown(file: io.StringIO, *, n: int, progress: bool) -> str:
    """What stands on standard error after n rows in blocks of four, and a step."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TERM", "xterm-256color")
        patched.setattr("sys.stderr", file)
        list(blocks(n, 4, "so many rows", progress=progress))
        assert list(progress_bar([3, 1], "so few", progress=progress)) == [3, 1]
        with steps(progress=progress) as step:
            step("the first step")
    return file.getvalue()


def test_a_bar_and_steps_are_for_a_terminal() -> None:
    told = shown(Terminal(), n=9, progress=True)
    assert "so many rows" in told
    assert "the first step" in told
    assert "so many rows" not in shown(Terminal(), n=4, progress=True)  # one block is soon done
    assert shown(Terminal(), n=9, progress=False) == ""
    assert shown(io.StringIO(), n=9, progress=True) == ""


def test_answers_do_not_depend_on_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    office = simulated_survey(seed=6, n_train=200, n_test=80, n_access_points=16)
    model = Localizer("knn", settings={"metric": "sorensen", "representation": "powed", "k": 3}).fit(office)
    assert office.test is not None
    whole = model.predict(office.test)
    monkeypatch.setattr("tutelage.localizer._SCANS", 7)
    for scans, expected in ((office.test, whole.position_m), (office.test[:0], np.empty((0, 2)))):
        np.testing.assert_array_equal(model.predict(scans, progress=True).position_m, expected)
    np.testing.assert_array_equal(model.predict(office.test).floor, whole.floor)
