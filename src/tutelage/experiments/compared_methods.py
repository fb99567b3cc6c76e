"""The methods that the tables compare, by their names in results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tutelage.methods.matcher import MatcherSettings

__all__ = [
    "ABLATION",
    "BLEND",
    "BOUND",
    "COMPARED",
    "FRAMEWORK",
    "KNN",
    "MATCHER",
    "METHODS",
    "OPTIONS",
    "PIPELINE",
    "SCORED",
    "WITH_MATCHER",
    "Method",
]

KNN, MATCHER, BLEND = "knn", "matcher", "blend"
BOUND = "best_on_test"
"""The method of a k-NN whose settings are chosen on the test split: a bound, no result."""
WITH_MATCHER = MATCHER, BLEND
"""Whose teacher is one pretrained matcher of all sources."""


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
    def needs_functional_information(self) -> bool:
        """Whether it says nothing of a network on which J_FI has no meaning."""
        alone = self.settings.get("weight_sim") == self.settings.get("weight_mi") == 0
        return alone or bool(self.settings.get("weight_fi")) or "fi_form" in self.settings

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


def _own(title: str, **settings: Any) -> Method:
    return Method(f"own data alone, {title}", "default", "alone", settings)


_PIPELINE = {
    "without_powed": _own("readings above the lowest, not powed", representation="positive"),
    "without_row_normalise": _own("scans not scaled to one norm", row_normalise=False),
    "without_dropout": _own("no access point left out", access_point_dropout=0.0),
    "without_gain": _own("no gain of a device", gain=0.0),
    "without_noise": _own("no noise on a reading", noise=0.0),
    "without_augmentation": _own("none of these three", access_point_dropout=0.0, gain=0.0, noise=0.0),
    "without_one_cycle": _own("a constant learning rate", schedule="constant"),
    "with_offset": _own("an offset of a device as well", offset=0.03),
    "with_averaging": _own("the mean of the weights over the last quarter", averaged=0.25),
}

OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "strong": ("constraints ten times as strong", {f"weight_{name}": 5.0 for name in ("sim", "mi", "fi")}),
    "random_pairs": ("A4: pairs at random places", {"pairing": "random"}),
    "transport": ("A4: pairs by optimal transport", {"pairing": "transport"}),
    "fixed_noise": ("A4: one noise a scan", {"pairing": "fixed_noise"}),
    "infonce": ("A5: InfoNCE", {"mi_form": "infonce"}),
    "scale_free": ("A10: scale-free J_FI", {"fi_form": "scale_free"}),
    "least_squares": ("A10: J_FI by least squares", {"fi_form": "least_squares"}),
    "jacobian": ("A10: J_FI of Jacobians", {"fi_form": "jacobian"}),
}
"""Options of docs/method.md, each a title and one change of the default recipe."""


def _with_controls(name: str, title: str, settings: dict[str, Any]) -> dict[str, Method]:
    return {
        name: Method(title, "default", "trained", settings),
        f"{name}_untrained": Method(
            f"{title}, untrained teachers (control)", "default", "untrained", settings
        ),
        f"{name}_shuffled": Method(
            f"{title}, teachers of permuted locations (control)", "default", "shuffled", settings
        ),
    }


_FRAMEWORK = {
    each: method
    for name, (title, settings) in OPTIONS.items()
    for each, method in _with_controls(name, title, settings).items()
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
    **_PIPELINE,
    **_FRAMEWORK,
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

PIPELINE = ("none", *_PIPELINE)
"""The default recipe, and each part of its input pipeline and schedule left out, or added, alone."""

FRAMEWORK = ("none", "untrained", "shuffled", "default", *_FRAMEWORK)
"""The default recipe of the teachers and each option of docs/method.md, each with its two controls."""

SCORED: dict[str, Method] = {
    "none": Method("the target's own radio map alone", "default", "alone"),
    "untrained": Method("a matcher with random weights (control)", "default", "untrained"),
    "others": Method(
        "as other buildings taught the matcher, without the target's radio map",
        "default",
        "trained",
        {"fine_tune": False, "sharpness": MatcherSettings().sharpness},
    ),
    "both": Method(
        "the same, gone on with the target's radio map", "default", "trained", {"fine_tune": True}
    ),
}
"""The methods of matcher and blend."""
