"""How buildings and methods are called in the tables of the pages."""

from __future__ import annotations

__all__ = ["BUILDINGS", "FRAMEWORK", "MATCHERS", "NETWORKS", "PIPELINE", "SMALL_MATCHERS", "TRANSFER"]

BUILDINGS = {"ujiindoorloc": "UJIIndoorLoc", "tampere": "Tampere", "tut6": "TUT6", "dsi1": "DSI1"}

KNN_TITLE = "k-NN, settings chosen on training data"

NETWORKS = {"dnn": "DNN", "cnnloc": "CNNLoc", "bayescnn": "BayesCNN", "baat": "bAaT"}

MATCHERS = {
    ("knn", "none"): KNN_TITLE,
    ("knn", "best_on_test"): "k-NN, best settings on the test split itself (a bound)",
    ("matcher", "untrained"): "matcher with random weights (control)",
    ("matcher", "others"): "matcher pretrained on other buildings, not fine-tuned",
    ("matcher", "none"): "matcher trained on your map alone (control)",
    ("matcher", "both"): "matcher pretrained and fine-tuned on your map",
    ("blend", "none"): "blend trained on your map alone (control)",
    ("blend", "others"): "blend with a pretrained matcher, not fine-tuned",
    ("blend", "both"): "blend with a matcher pretrained and fine-tuned on your map",
}
"""By network and method in results/."""

SMALL_MATCHERS = {
    key: title for key, title in MATCHERS.items() if key not in {("knn", "best_on_test"), ("blend", "others")}
}

TRANSFER = {
    ("knn", "none"): KNN_TITLE,
    ("dnn", "none"): "own data alone",
    ("dnn", "default"): "surrogate teachers",
    ("dnn", "untrained"): "untrained teachers (control)",
    ("dnn", "sequential"): "sequential transfer",
    ("dnn", "sequential_own"): "the same from the target itself (control)",
}

PIPELINE = {
    "none": "default recipe",
    "without_powed": "readings not powed",
    "without_row_normalise": "scans not scaled to one norm",
    "without_dropout": "no access point left out",
    "without_gain": "no gain",
    "without_noise": "no noise",
    "without_augmentation": "none of these three",
    "without_one_cycle": "constant learning rate",
    "with_offset": "an offset as well",
    "with_averaging": "averaged weights",
}

FRAMEWORK = {
    "default": "default recipe",
    "strong": "constraints ten times as strong",
    "random_pairs": "A4: pairs at random places",
    "transport": "A4: pairs by optimal transport",
    "fixed_noise": "A4: one noise a scan",
    "infonce": "A5: InfoNCE",
    "scale_free": "A10: scale-free J_FI",
    "jacobian": "A10: J_FI of Jacobians",
    "least_squares": "A10: J_FI by least squares",
}
