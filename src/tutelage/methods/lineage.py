"""How a model was made: frozen records that are written to, and read from, model files."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tutelage.methods.matcher.matcher_card import MatcherCard
from tutelage.paper.expert_training import TeacherCard
from tutelage.training import GradientShares

__all__ = ["Lineage", "MethodLineage", "SourceLineage", "TeacherChoiceRecord", "TransferLineage"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields that are set, as plain values for JSON."""
        return self.model_dump(mode="json", exclude_none=True)


class SourceLineage(_Frozen):
    """A survey that a transfer learnt first."""

    survey: str
    licence: str
    data_hash: str
    n_train: int


class TransferLineage(_Frozen):
    """A transfer from other surveys."""

    kind: Literal["collective", "sequential"]
    sources: tuple[SourceLineage, ...]


class TeacherChoiceRecord(_Frozen):
    """The result of a trial of teachers or pretrained weights, for "auto"."""

    chosen: str
    why: str
    n_points: int | None = None
    """Reference points held out for the trial; None if there was no trial."""
    candidates: tuple[dict[str, Any], ...] = ()
    """Each candidate's name and mean error with its interval, in metres or as share of wrong places."""
    contests: tuple[dict[str, Any], ...] = ()
    """Each candidate against its rivals: difference, interval, corrected p-value."""


class MethodLineage(_Frozen):
    """How a method was fitted. A field that does not apply keeps its default.

    Examples
    --------
    >>> import tutelage as tt
    >>> tt.MethodLineage(settings={"k": 3}).as_dict()["settings"]
    {'k': 3}
    """

    settings: dict[str, Any] | None = None
    """Settings of the method, its own choices included."""
    metrics: dict[str, float] = {}
    """Figures of the fit, in metres."""
    gradient_shares: GradientShares | None = None
    """The share of each term of the overall loss in the gradient on the network; with teachers alone."""
    recipe_name: str | None = None
    recipe: dict[str, Any] | None = None
    teachers: tuple[TeacherCard | Literal["untrained"], ...] = ()
    """Surrogate teachers."""
    pretrained: MatcherCard | Literal["untrained"] | None = None
    """The pretrained matcher that it started from."""
    transfer: TransferLineage | None = None
    network: str | None = None
    """The network of a blend."""
    share: float | None = None
    """The network's share in a blend, 0 to 1."""
    share_reason: str | None = None
    """Why a blend has no network; "" if it has one."""
    fine_tune: bool | None = None
    sharpness: float | None = None
    n_steps: int | None = None
    learning_curve: tuple[float, ...] | None = None
    """Of a matcher: its error on each round of new exercises, beside that of the five nearest candidates."""


class Lineage(MethodLineage):
    """How a model was made.

    Examples
    --------
    >>> import tutelage as tt
    >>> office = tt.simulated_survey(seed=2, n_train=100, n_test=10)
    >>> model = tt.Localizer("knn", settings={"k": 3}, calibrate=False).fit(office)
    >>> model.lineage_.survey, model.lineage_.n_train == len(office.train)
    ('simulated', True)
    """

    survey: str
    licence: str
    data_hash: str
    """SHA-256 over the training scans, or over the scans without positions of an update."""
    n_train: int
    """Training scans; 0 of an update without positions."""
    n_blank: int = 0
    """Training scans that hear nothing."""
    seed: int
    fit_seconds: float
    teacher_choice: TeacherChoiceRecord | None = None
    dropped: tuple[str, ...] = ()
    """Access points that an update forgot."""
    ignored: tuple[str, ...] = ()
    """Access points that an update could not take."""
    updated_from: Lineage | None = None
    """The model before the update."""

    def earlier(self) -> tuple[Lineage, ...]:
        """Return this record and those of the models before its updates, the newest first."""
        return (self, *(self.updated_from.earlier() if self.updated_from else ()))
