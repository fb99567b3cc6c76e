"""Files with one thing changed, and what they are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutelage.data.surveys import load
from tutelage.errors import BadInputError


def change(file: Path, old: str, new: str) -> None:
    """Put `new` in the place of the first `old`."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def refusal(path: Path) -> BadInputError:
    """The error that reading a survey ends with."""
    with pytest.raises(BadInputError) as caught:
        load(path)
    return caught.value
