"""Positions: what a localizer answers, one row a scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tutelage.frames import LocalFrame

__all__ = ["Heard", "Located", "Positions"]


class Heard(NamedTuple):
    """What a model can make of scans."""

    n_heard: np.ndarray
    """[n] int: access points in each scan."""
    n_known: np.ndarray
    """[n] int: of these, how many the model knows."""
    answered: np.ndarray
    """[n] bool: one of those is above the model's lowest RSS."""


class Located(NamedTuple):
    """What a method makes of scans that hear something it knows."""

    position_m: np.ndarray
    """[n, 2] float64 in the frame of the training data."""
    floor: np.ndarray | None = None
    """[n] str, None where the method gives no floors."""
    building: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Positions:
    """Answers to scans, in the frame of the model that gave them.

    Parameters
    ----------
    scan_id : [n] str, the ids of the scans asked about
    position_m : [n, 2] float64 in `frame`; NaN where there is no position
    frame : frame of `position_m`
    floor, building : [n] str labels, or None where the model gives none
    reason : [n] str, why there is no position; "" where there is one
    n_unknown : [n] int, access points in the scan that the model does not know
    """

    scan_id: np.ndarray
    position_m: np.ndarray
    frame: LocalFrame
    reason: np.ndarray
    n_unknown: np.ndarray
    floor: np.ndarray | None = None
    building: np.ndarray | None = None

    @classmethod
    def of(cls, scan_id: np.ndarray, frame: LocalFrame, heard: Heard, located: Located) -> Positions:
        """Answers to all scans asked about, from what was made of those that can be answered."""
        position_m = np.full((len(scan_id), 2), np.nan)
        position_m[heard.answered] = located.position_m
        reason = np.select(
            [heard.answered, heard.n_heard == 0, heard.n_known == 0],
            ["", "the scan is blank: nothing is heard", "no access point that the model knows is heard"],
            "every access point that the model knows is heard too faintly, below its lowest RSS",
        )
        labels = (_spread(label, heard.answered) for label in (located.floor, located.building))
        return cls(scan_id, position_m, frame, reason, heard.n_heard - heard.n_known, *labels)

    def __len__(self) -> int:
        return len(self.scan_id)

    @property
    def answered(self) -> np.ndarray:
        """[n] bool: scans that have a position."""
        return np.asarray(np.isfinite(self.position_m).all(axis=1))

    @property
    def absolute_position_m(self) -> np.ndarray:
        """[n, 2] positions in data-set coordinates."""
        return np.asarray(self.position_m + np.asarray(self.frame.origin_m))

    def records(self) -> list[dict[str, Any]]:
        """One plain dictionary a scan, ready for JSON or CSV (None where there is no position)."""
        absolute, answered = self.absolute_position_m, self.answered
        return [
            {
                "scan_id": str(self.scan_id[i]),
                "x_m": round(float(absolute[i, 0]), 3) if answered[i] else None,
                "y_m": round(float(absolute[i, 1]), 3) if answered[i] else None,
                "floor": None if self.floor is None or not answered[i] else str(self.floor[i]),
                "building": None if self.building is None or not answered[i] else str(self.building[i]),
                "n_unknown": int(self.n_unknown[i]),
                "reason": str(self.reason[i]),
            }
            for i in range(len(self))
        ]


def _spread(labels: np.ndarray | None, answered: np.ndarray) -> np.ndarray | None:
    if labels is None:
        return None
    full = np.full(len(answered), "", dtype=labels.dtype if len(labels) else "<U1")
    full[answered] = labels
    return full
