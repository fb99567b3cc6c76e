"""Models that are being learnt: how far each is, and how it compares with the one that it would replace."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["STEPS", "Comparison", "Job", "Measured"]

STEPS = ("collecting scans", "learning for the comparison", "comparing", "learning from all scans", "done")
"""What a job does, in order."""


@dataclass(frozen=True)
class Measured:
    """How well a model locates scans that it did not learn.

    Parameters
    ----------
    n_answered : int
        Number of scans with an answer.
    mae_m : float or None
        Mean error of the positions in metres; None without positions.
    hit : float or None
        Share of the scans whose place is right; None without places.
    """

    n_answered: int
    mae_m: float | None
    hit: float | None


@dataclass(frozen=True)
class Comparison:
    """The new model beside the one that it would replace, on scans that neither learnt.

    Parameters
    ----------
    held_out : str
        What was held out.
    n_scans : int
        Number of scans.
    new : Measured
        The new model, which learnt the other scans.
    old : Measured or None
        The model in use; None if there is none.
    """

    held_out: str
    n_scans: int
    new: Measured
    old: Measured | None


@dataclass(frozen=True)
class Job:
    """A model that is being learnt.

    Parameters
    ----------
    id : str
        Id of the job.
    name : str
        Name of the model to come.
    method : str
        Method that `tutelage fit` takes.
    replaces : str or None
        Name of the model in use whose place it takes; it then answers under that name.
    smooth_walks : bool
        Whether the scans of walks are placed by the answers of that model, smoothed in both directions.
    state : {"running", "done", "failed", "live"}
        How far it is: done means that it may go live.
    step : str
        What is being done.
    done, steps : int
        Number of steps that are done, and of all.
    message : str
        Why it failed.
    comparison : Comparison or None
        How the new model does; None before that is known, or if there are too few walks to hold one out.
    """

    id: str
    name: str
    method: str
    replaces: str | None = None
    smooth_walks: bool = False
    state: Literal["running", "done", "failed", "live"] = "running"
    step: str = STEPS[0]
    done: int = 0
    steps: int = len(STEPS) - 1
    message: str = ""
    comparison: Comparison | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        return asdict(self)
