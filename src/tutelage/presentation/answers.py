"""Positions that a model answered."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # only named in signatures
    from tutelage.runtime.positions import Positions

__all__ = ["positions_text"]


def positions_text(answers: Positions, as_json: bool) -> str:
    """Answers as JSON or CSV text."""
    records = answers.records()
    if as_json:
        return json.dumps(records, indent=1) + "\n"
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
