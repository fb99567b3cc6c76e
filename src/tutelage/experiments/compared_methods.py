"""Define the methods that the tables compare, by their names in results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tutelage.methods.matcher_method import MatcherSettings

__all__ = [
    "ABLATION",
    "BLEND",
    "BOUND",
    "COMMON_METHODS",
    "FRAMEWORK",
    "HELD_OPTIONS",
    "KNN",
    "MATCHER",
    "MATCHER_METHODS",
    "METHODS",
    "OPTIONS",
    "PIPELINE",
    "SHARES",
    "WITH_MATCHER",
    "LearningMethod",
    "methods_of_recipe",
]

KNN = "knn"
MATCHER = "matcher"
BLEND = "blend"
BOUND = "best_on_test"
"""The method of a k-NN whose settings are chosen on the test split: a bound, no result."""
WITH_MATCHER = MATCHER, BLEND
"""The networks that learn from one pretrained matcher of all sources."""


@dataclass(frozen=True)
class LearningMethod:
    """How a network learns the target.

    Parameters
    ----------
    title : str
        What the method is, in a few words.
    recipe : {"default", "paper", "printed"}
        The recipe that the network follows.
    kind : str
        "alone" uses the target's data only. "sequential" and "collective" are the two kinds of transfer.
        "trained", "untrained" and "shuffled" say which teachers take part; shuffled teachers are trained on
        permuted locations.
    settings : mapping
        Changes to the recipe.
    from_target : bool
        Whether the target takes the place of every source, which makes a control.
    """

    title: str
    recipe: Literal["default", "paper", "printed"]
    kind: Literal["alone", "sequential", "collective", "trained", "untrained", "shuffled"]
    settings: Mapping[str, Any] = field(default_factory=dict)
    from_target: bool = False

    @property
    def transfer(self) -> bool:
        """Whether it first learns the data of the sources."""
        return self.kind in ("sequential", "collective")

    @property
    def needs_functional_information(self) -> bool:
        """Whether the method only makes sense where J_FI has a meaning."""
        alone = self.settings.get("weight_sim") == self.settings.get("weight_mi") == 0
        named = any(self.settings.get(name) for name in ("weight_fi", "share_fi", "fi_form"))
        return alone or named

    @property
    def with_teacher_files(self) -> bool:
        """Whether it reads the files of teachers."""
        return self.kind in ("trained", "shuffled")

    @property
    def with_sources(self) -> bool:
        """Whether other buildings take part."""
        return self.kind not in ("alone", "untrained") and not self.from_target


_CONSTRAINT_NAMES = {"sim": "Sim", "mi": "MI", "fi": "FI"}


def _only(*constraints: str) -> dict[str, float]:
    """Turn the other constraints off."""
    return {f"weight_{name}": 0.0 for name in _CONSTRAINT_NAMES if name not in constraints}


def _every_recipe(
    name: str, title: str, kind: Any, settings: Mapping[str, Any] | None = None
) -> dict[str, LearningMethod]:
    settings = settings or {}
    return {
        name: LearningMethod(title, "default", kind, settings),
        f"{name}_paper": LearningMethod(f"{title}, paper recipe", "paper", kind, settings),
        f"{name}_printed": LearningMethod(f"{title}, the paper as printed", "printed", kind, settings),
    }


def _own(title: str, **settings: Any) -> LearningMethod:
    return LearningMethod(f"own data alone, {title}", "default", "alone", settings)


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
"""The options of docs/concepts/framework.md. Each has a title and one change of the default recipe."""


def _with_controls(name: str, title: str, settings: dict[str, Any]) -> dict[str, LearningMethod]:
    return {
        name: LearningMethod(title, "default", "trained", settings),
        f"{name}_untrained": LearningMethod(
            f"{title}, untrained teachers (control)", "default", "untrained", settings
        ),
        f"{name}_shuffled": LearningMethod(
            f"{title}, teachers of permuted locations (control)", "default", "shuffled", settings
        ),
    }


_FRAMEWORK = {
    each: method
    for name, (title, settings) in OPTIONS.items()
    for each, method in _with_controls(name, title, settings).items()
}

_PERCENT = (1, 5, 20, 50)
_HELD = {"sim": ("sim",), "mi": ("mi",), "fi": ("fi",), "all": ("sim", "mi", "fi")}


def _held_option(constraints: tuple[str, ...], percent: int) -> tuple[str, dict[str, Any]]:
    """Hold constraints at a share of the gradient, divided evenly among them, and turn the others off.

    The differences of J_FI are squared: absolute ones have no gradient between the sensitivities of two
    teachers, and what has no gradient cannot be held at a share of it.
    """
    shares = {f"share_{name}": percent / 100 / len(constraints) for name in constraints}
    squared = {"fi_distance": "squared"} if "fi" in constraints else {}
    names = "all three" if len(constraints) > 1 else f"J_{_CONSTRAINT_NAMES[constraints[0]]} alone"
    return f"{names} at {percent} % of the gradient", {**_only(*constraints), **shares, **squared}


HELD_OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    f"{name}_{percent}": _held_option(constraints, percent)
    for percent in _PERCENT
    for name, constraints in _HELD.items()
}
"""Each constraint alone, and all three, held at a share of the gradient; titles and changes of the recipe."""

_SHARES = {
    each: method
    for name, (title, settings) in HELD_OPTIONS.items()
    for each, method in _with_controls(name, title, settings).items()
}

METHODS: dict[str, LearningMethod] = {
    **_every_recipe("none", "own data alone", "alone"),
    **_every_recipe("sequential", "sequential transfer (*)", "sequential"),
    **_every_recipe("collective", "collective transfer (**)", "collective"),
    "sequential_own": LearningMethod(
        "as `sequential`, from the target itself in the place of each source (control)",
        "default",
        "sequential",
        from_target=True,
    ),
    "default": LearningMethod("trained teachers, our recipe", "default", "trained"),
    "paper": LearningMethod("trained teachers, paper recipe", "paper", "trained"),
    "printed": LearningMethod("trained teachers, the paper as printed", "printed", "trained"),
    **_every_recipe("untrained", "untrained teachers (control)", "untrained"),
    **_every_recipe("shuffled", "teachers of permuted locations (control)", "shuffled"),
    "literal_mi": LearningMethod(
        "as `paper`, J_MI with the printed sign (control)", "paper", "trained", {"mi_sign": "literal"}
    ),
    **_every_recipe("sim", "J_Sim alone", "trained", _only("sim")),
    **_every_recipe("mi", "J_MI alone", "trained", _only("mi")),
    **_every_recipe("fi", "J_FI alone", "trained", _only("fi")),
    **_every_recipe("sim_mi", "J_Sim and J_MI", "trained", _only("sim", "mi")),
    **_PIPELINE,
    **_FRAMEWORK,
    **_SHARES,
}

COMMON_METHODS = (
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
"""The methods of most tables, beside k-NN."""

_CONSTRAINTS = ("sim", "mi", "fi", "sim_mi")

ABLATION = (*_CONSTRAINTS, *(f"{name}_paper" for name in _CONSTRAINTS))
"""The further methods of Table 2: each constraint alone, and the first two together."""


def methods_of_recipe(recipe: str, *, ablation: bool = False) -> tuple[str, ...]:
    """Return what the paper compares, and the controls, all in one recipe.

    Parameters
    ----------
    recipe : {"default", "paper", "printed"}
        Name of the recipe.
    ablation : bool
        Whether each constraint alone, and the first two together, are among them.

    Returns
    -------
    tuple of str
        Keys of `METHODS`, the cheapest first.
    """
    kinds = ("none", "untrained", "sequential", "collective", "shuffled")
    suffix = "" if recipe == "default" else f"_{recipe}"
    more = _CONSTRAINTS if ablation else ()
    return (*(f"{kind}{suffix}" for kind in kinds), recipe, *(f"{name}{suffix}" for name in more))


PIPELINE = ("none", *_PIPELINE)
"""The default recipe, and the recipe with one part of its input pipeline or schedule removed or added."""

FRAMEWORK = ("none", "untrained", "shuffled", "default", *_FRAMEWORK)
"""The default recipe with teachers, and each option of docs/concepts/framework.md with its two controls."""

SHARES = ("none", *_SHARES)
"""The default recipe with constraints that are held at shares of the gradient, with their two controls."""

MATCHER_METHODS: dict[str, LearningMethod] = {
    "none": LearningMethod("the target's own radio map alone", "default", "alone"),
    "untrained": LearningMethod("a matcher with random weights (control)", "default", "untrained"),
    "others": LearningMethod(
        "as other buildings taught the matcher, without the target's radio map",
        "default",
        "trained",
        {"fine_tune": False, "sharpness": MatcherSettings().sharpness},
    ),
    "both": LearningMethod(
        "the same, gone on with the target's radio map", "default", "trained", {"fine_tune": True}
    ),
}
"""The methods of matcher and blend."""
