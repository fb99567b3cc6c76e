"""The methods that the tables compare, by their names in results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["ABLATION", "COMPARED", "KNN", "METHODS", "SCORED", "SCORER", "TUTOR", "WITH_SCORER", "Method"]

KNN, SCORER, TUTOR = "knn", "scorer", "tutor"
WITH_SCORER = SCORER, TUTOR
"""Whose teacher is one scorer teacher of all sources."""


@dataclass(frozen=True)
class Method:
    """How a network learns the target.

    Parameters
    ----------
    title : what it is, in a few words
    recipe : "default" or "paper"
    kind : alone; sequential or collective transfer; or under teachers that are trained, untrained, or
        shuffled, that is trained on permuted locations
    from_target : the target itself stands in the place of every source, a control
    settings : changes to the recipe
    """

    title: str
    recipe: Literal["default", "paper"]
    kind: Literal["alone", "sequential", "collective", "trained", "untrained", "shuffled"]
    settings: Mapping[str, Any] = field(default_factory=dict)
    from_target: bool = False

    @property
    def transfer(self) -> bool:
        """Whether it learns the sources' own data first."""
        return self.kind in ("sequential", "collective")

    @property
    def with_teacher_files(self) -> bool:
        """Whether it learns from teachers that were made before."""
        return self.kind in ("trained", "shuffled")

    @property
    def with_sources(self) -> bool:
        """Whether other buildings take part at all."""
        return self.kind not in ("alone", "untrained") and not self.from_target


def _only(*constraints: str) -> dict[str, float]:
    """Settings that leave these constraints in use and turn the others off."""
    return {f"weight_{name}": 0.0 for name in ("sim", "mi", "fi") if name not in constraints}


def _both_recipes(name: str, title: str, kind: Any, settings: Mapping[str, Any]) -> dict[str, Method]:
    return {
        name: Method(title, "default", kind, settings),
        f"{name}_paper": Method(f"{title}, paper recipe", "paper", kind, settings),
    }


METHODS: dict[str, Method] = {
    **_both_recipes("none", "own data alone", "alone", {}),
    "sequential": Method("sequential transfer (*)", "default", "sequential"),
    "collective": Method("collective transfer (**)", "default", "collective"),
    "sequential_own": Method(
        "as `sequential`, from the target itself in the place of each source (control)",
        "default",
        "sequential",
        from_target=True,
    ),
    "default": Method("trained teachers, our recipe", "default", "trained"),
    "paper": Method("trained teachers, paper recipe", "paper", "trained"),
    **_both_recipes("untrained", "untrained teachers (control)", "untrained", {}),
    **_both_recipes("shuffled", "teachers of permuted locations (control)", "shuffled", {}),
    "literal_mi": Method(
        "as `paper`, J_MI with the printed sign (control)", "paper", "trained", {"mi_sign": "literal"}
    ),
    **_both_recipes("sim", "J_Sim alone", "trained", _only("sim")),
    **_both_recipes("mi", "J_MI alone", "trained", _only("mi")),
    **_both_recipes("fi", "J_FI alone", "trained", _only("fi")),
    **_both_recipes("sim_mi", "J_Sim and J_MI", "trained", _only("sim", "mi")),
}

COMPARED = (
    "none",
    "sequential",
    "collective",
    "sequential_own",
    "untrained",
    "shuffled",
    "default",
    "none_paper",
    "untrained_paper",
    "shuffled_paper",
    "literal_mi",
    "paper",
)
"""The methods of every table; k-NN stands beside them."""

ABLATION = ("sim", "mi", "fi", "sim_mi", "sim_paper", "mi_paper", "fi_paper", "sim_mi_paper")
"""What Table 2 has beside those: each constraint alone, and the first two together."""

SCORED: dict[str, Method] = {
    "none": Method("the target's own radio map alone", "default", "alone"),
    "untrained": Method("a scorer with random weights (control)", "default", "untrained"),
    "others": Method(
        "as other buildings taught the scorer, without the target's radio map",
        "default",
        "trained",
        {"own_map": False},
    ),
    "both": Method("the same, gone on with the target's radio map", "default", "trained", {"own_map": True}),
}
"""The methods of scorer and tutor."""
