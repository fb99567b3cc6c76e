"""The figures in the README are those of the committed results."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from statistics import mean, stdev

import pytest

from tutelage.experiments.compared_methods import PIPELINE

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS_PAGE = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
NETWORKS = {
    "k-NN, settings chosen on training data": "knn",
    "DNN": "dnn",
    "CNNLoc": "cnnloc",
    "BayesCNN": "bayescnn",
    "bAaT": "baat",
}


OF_TABLE1 = [
    ("k-NN, settings chosen on training data", "knn", "none"),
    ("own data alone", "dnn", "none"),
    ("surrogate teachers", "dnn", "default"),
    ("untrained teachers (control)", "dnn", "untrained"),
    ("sequential transfer", "dnn", "sequential"),
    ("the same from the target itself (control)", "dnn", "sequential_own"),
]


OF_ACCURACY = [
    ("k-NN, settings chosen on training data", "knn", "none"),
    ("k-NN, best settings on the test split itself (a bound)", "knn", "best_on_test"),
    ("matcher with random weights (control)", "matcher", "untrained"),
    ("matcher taught by other buildings, nothing learnt in the target", "matcher", "others"),
    ("matcher of the own radio map alone (control)", "matcher", "none"),
    ("matcher of both", "matcher", "both"),
    ("blend of the own radio map alone (control)", "blend", "none"),
    ("blend of both, which `fit` learns unless told otherwise", "blend", "both"),
]


def rows(table: str) -> list[dict[str, str]]:
    """The committed rows of a table."""
    with (ROOT / "results" / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shown(table: str, target: str, network: str, method: str, at_least: int = 3) -> str:
    """Mean and spread over seeds of the committed rows."""
    wanted = (target, network, method)
    errors = [
        float(row["mae_m"]) for row in rows(table) if (row["target"], row["network"], row["method"]) == wanted
    ]
    assert len(errors) >= at_least
    return f"{mean(errors):.2f}" + (f" ± {stdev(errors):.2f}" if len(errors) > 1 else "")


@pytest.mark.parametrize("title", NETWORKS)
def test_readme_shows_the_committed_figures_of_the_networks(title: str) -> None:
    targets = ("ujiindoorloc", "tampere", "tut6")
    cells = [shown("networks", target, NETWORKS[title], "none", 5) for target in targets]
    assert f"| {title} | {' | '.join(cells)} |" in README


@pytest.mark.parametrize(("title", "network", "method"), OF_ACCURACY, ids=[row[0] for row in OF_ACCURACY])
def test_readme_shows_the_committed_figures_of_the_accuracy_page(
    title: str, network: str, method: str
) -> None:
    cells = [shown("accuracy", target, network, method, 1) for target in ("ujiindoorloc", "tampere", "tut6")]
    assert f"| {title} | {' | '.join(cells)} |" in README


@pytest.mark.parametrize(("network", "method"), [row[1:] for row in OF_ACCURACY], ids=str)
def test_results_page_shows_the_same(network: str, method: str) -> None:
    cells = [shown("accuracy", target, network, method, 1) for target in ("ujiindoorloc", "tampere", "tut6")]
    section = RESULTS_PAGE.partition("## Matcher and blend")[2].partition("| the paper's best |")[0]
    assert f" | {' | '.join(cells)} | " in section


@pytest.mark.parametrize(
    ("words", "method", "draws"),
    [
        ("k-NN, settings chosen on training data; ten draws", "none", 10),
        ("matcher with random weights (control); ten draws", "untrained", 10),
        ("matcher as other buildings taught it; ten draws", "others", 10),
        ("k-NN, settings chosen on training data; five draws", "none", 5),
        ("matcher as other buildings taught it; five draws", "others", 5),
        ("matcher of the own radio map alone (control); five draws", "none", 5),
        ("matcher of both; five draws", "both", 5),
        ("blend of the own radio map alone (control); five draws", "none", 5),
        ("blend of both; five draws", "both", 5),
    ],
)
def test_results_page_shows_the_committed_figures_of_small_maps(words: str, method: str, draws: int) -> None:
    network = "knn" if words.startswith("k-NN") else words.split()[0]
    shares = {"ujiindoorloc": ("0.01", "0.03", "0.1", "0.3"), "tampere": ("0.1", "0.3")}
    shares["tut6"] = shares["ujiindoorloc"]
    cells = []
    for target, share in ((target, share) for target, given in shares.items() for share in given):
        wanted = (target, share, network, method)
        errors = [
            float(row["mae_m"])
            for row in rows("small_maps")
            if (row["target"], row["train_fraction"], row["network"], row["method"]) == wanted
            and row["budget"] == "full"
            and int(row["seed"]) < draws
        ]
        assert len(errors) == draws
        cells.append(f"{mean(errors):.2f}")
    assert f"| {words} | {' | '.join(cells)} |" in RESULTS_PAGE


@pytest.mark.parametrize(
    ("title", "network", "method"),
    [
        ("k-NN, settings chosen on these scans", "knn", "none"),
        ("matcher taught by other buildings, nothing learnt in the target", "matcher", "others"),
        ("matcher of the own radio map alone (control)", "matcher", "none"),
        ("matcher of both", "matcher", "both"),
        ("blend of the own radio map alone (control)", "blend", "none"),
        ("blend of both", "blend", "both"),
    ],
)
def test_readme_shows_the_committed_figures_of_small_maps(title: str, network: str, method: str) -> None:
    cells = []
    for target, share in (("ujiindoorloc", "0.01"), ("tampere", "0.1"), ("tut6", "0.01")):
        wanted = (target, share, network, method)
        errors = [
            float(row["mae_m"])
            for row in rows("small_maps")
            if (row["target"], row["train_fraction"], row["network"], row["method"]) == wanted
            and row["budget"] == "full"
            and int(row["seed"]) < 5
        ]
        assert len(errors) == 5
        cells.append(f"{mean(errors):.2f}")
    assert f"| {title} | {' | '.join(cells)} |" in README


_MATCHER, _BLEND = "The matcher taught by other buildings", "The blend taught by other buildings"
_BOTH, _AGAINST_OWN = " and the own radio map", ", against the own radio map alone: "


@pytest.mark.parametrize(
    ("page", "asked", "sentence"),
    [
        (
            "docs/results.md",
            f"{_MATCHER}, against k-NN: ",
            "is ahead of k-NN everywhere, by {low:.1f} to {high:.1f} m (significantly in {better} of ten)",
        ),
        (
            "docs/results.md",
            f"{_BLEND}{_BOTH}, against k-NN: ",
            "The blend is ahead of k-NN in all ten places, by {low:.1f} to {high:.1f} m "
            "(significantly in {better} of ten)",
        ),
        (
            "docs/results.md",
            f"{_MATCHER}{_BOTH}{_AGAINST_OWN}",
            "ahead of the own map alone in every place, by {gain:.2f} m on average "
            "({low:.2f} to {high:.2f} m, significantly in {better} of ten)",
        ),
        (
            "docs/results.md",
            f"{_BLEND}{_BOTH}{_AGAINST_OWN}",
            "{gain:.2f} m on average, significantly in {better} of ten",
        ),
        (
            "README.md",
            f"{_MATCHER}, against k-NN: ",
            "the matcher of other buildings is ahead of k-NN everywhere, by {low:.1f} to {high:.1f} m",
        ),
        (
            "README.md",
            f"{_MATCHER}{_AGAINST_OWN}",
            "and of one that learnt the own map alone in nine, by {gain:.1f} m on average",
        ),
        (
            "README.md",
            f"{_MATCHER}{_BOTH}{_AGAINST_OWN}",
            "are ahead of the own map alone by {low:.2f} to {high:.2f} m (significantly in {better})",
        ),
        (
            "README.md",
            f"{_BLEND}{_BOTH}{_AGAINST_OWN}",
            "to {high:.2f} m in {better}, each significantly, and in the four others by {low:.2f} to",
        ),
    ],
)
def test_pages_say_what_the_table_of_small_maps_says(page: str, asked: str, sentence: str) -> None:
    said = json.loads((ROOT / "results" / "small_maps.json").read_text(encoding="utf-8"))["sentences"]
    (found,) = [each.removeprefix(asked) for each in said if each.startswith(asked)]
    span = re.match(
        r"\+(\S+) m of gain on average \((\S+) to (\S+)\); of 10 comparisons (\d+) significantly better, 0 ",
        found,
    )
    assert span is not None
    gain, low, high = map(float, span.groups()[:3])
    words = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    expected = sentence.format(gain=gain, low=low, high=high, better=words[int(span[4])])
    assert expected in " ".join((ROOT / page).read_text(encoding="utf-8").split())


@pytest.mark.parametrize(("title", "network", "method"), OF_TABLE1, ids=[row[0] for row in OF_TABLE1])
def test_readme_shows_the_committed_figures_of_table_1(title: str, network: str, method: str) -> None:
    cells = [shown("table1", target, network, method) for target in ("tampere", "tut6", "dsi1")]
    assert f"| {title} | {' | '.join(cells)} |" in README


@pytest.mark.parametrize(
    ("table", "start"),
    [("table1", "**Surrogate teachers, "), ("table4", "**Small data, surrogate teachers, ")],
    ids=["table1", "table4"],
)
@pytest.mark.parametrize("recipe", ["default", "paper"])
@pytest.mark.parametrize(
    ("control", "words"),
    [
        ("untrained teachers", "untrained ones"),
        ("teachers of permuted locations", "teachers of permuted locations"),
        ("own data alone", "own data alone"),
    ],
    ids=["untrained", "shuffled", "own"],
)
def test_results_page_says_of_teachers_what_the_tables_say(
    table: str, start: str, recipe: str, control: str, words: str
) -> None:
    said = json.loads((ROOT / "results" / f"{table}.json").read_text(encoding="utf-8"))["sentences"]
    asked = f"Trained teachers in the `{recipe}` recipe, against {control}: "
    (sentence,) = [each for each in said if each.startswith(asked)]
    gain, spans = re.match(r"(\S+) m of gain on average (\(.*?\))", sentence.removeprefix(asked)).groups()
    page = " ".join((ROOT / "docs" / "results.md").read_text(encoding="utf-8").split())
    of_recipe = page.partition(f"{start}{recipe} recipe: ")[2].partition("- **")[0]
    assert re.search(rf"gainst {words} {re.escape(gain)} m (of gain )?{re.escape(spans)}", of_recipe)


def test_results_page_says_of_sources_what_table_3_says() -> None:
    said = json.loads((ROOT / "results" / "table3.json").read_text(encoding="utf-8"))["sentences"]
    found = {}
    for sentence in said:
        if match := re.match(r"Which sources take part under `(\w+)` .* \((\S+) to (\S+)\)", sentence):
            found[match[1]] = match[2], match[3]
    page = " ".join((ROOT / "docs" / "results.md").read_text(encoding="utf-8").split())
    assert "moves the error by {} to {} m under the default".format(*found["default"]) in page
    assert "under the paper's recipe by {} to {} m".format(*found["paper"]) in page
    assert f"at most {found['sequential'][1]} m under transfer" in page


def test_accuracy_page_shows_the_committed_figures_of_every_method_on_whole_surveys() -> None:
    page = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8").split("\n## ")[1]
    titles = {network: title for title, network in NETWORKS.items()}
    for target, title in (("ujiindoorloc", "UJIIndoorLoc"), ("tampere", "Tampere"), ("tut6", "TUT6")):
        [part] = [part for part in page.split("\n### ") if part.startswith(title)]
        lines = [[cell.strip() for cell in line.split("|")] for line in part.splitlines()]
        found = {(cells[1], cells[2].strip("`")): cells[4:6] for cells in lines if len(cells) > 6}
        committed: dict[tuple[str, str], list[float]] = {}
        for row in rows("accuracy"):
            if row["target"] == target and row["network"] in ("matcher", "blend"):
                committed.setdefault((row["network"], row["method"]), []).append(float(row["mae_m"]))
        for row in rows("table1"):
            if row["target"] == target and row["method"] in ("default", "untrained"):
                committed.setdefault((titles[row["network"]], row["method"]), []).append(float(row["mae_m"]))
        assert len(committed) >= 11  # four of the matcher, three of the blend, two of a network each
        for key, errors in committed.items():
            error, n_seeds = found[key]
            assert error.split(" ")[0] == f"{mean(errors):.2f}", (target, key)
            assert n_seeds == str(len(errors))


@pytest.mark.parametrize("table", ["small_maps", "small_surveys"])
def test_accuracy_page_shows_the_committed_figures_of_the_networks_on_small_maps(table: str) -> None:
    title = {"small_maps": "Small radio maps", "small_surveys": "Small surveys"}[table]
    page = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    places = {"ujiindoorloc": "UJIIndoorLoc", "tampere": "Tampere", "tut6": "TUT6"}
    for target, name in [*places.items()][: 1 if table == "small_surveys" else 3]:
        part = section.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        for network, row_title in (("cnnloc", "CNNLoc"), ("bayescnn", "BayesCNN"), ("baat", "bAaT")):
            found: dict[float, list[float]] = {}
            for row in rows(table):
                if (row["target"], row["network"], row["budget"]) == (target, network, "standard"):
                    found.setdefault(float(row["train_fraction"]), []).append(float(row["mae_m"]))
            cells = [f"{mean(found[share]):.2f} ± {stdev(found[share]):.2f} (5)" for share in sorted(found)]
            assert len(cells) == (2 if target == "tampere" else 4)
            assert f"| {row_title} | `none` | standard | {' | '.join(cells)} |" in part


def test_surveying_page_shows_what_extrapolations_were_worth() -> None:
    page = " ".join((ROOT / "docs" / "surveying.md").read_text(encoding="utf-8").split())
    found = rows("learning_curves")
    figure = {name: [float(row[name]) for row in found] for name in found[0] if name.endswith("_m")}
    for survey in ("tut6", "tut7", "ujiindoorloc", "tampere", "tut1"):
        own = [row for row in found if row["survey"] == survey]
        gains = (" / ".join(f"{float(row[name]):.2f}" for row in own) for name in ("gain_m", "gain_true_m"))
        assert f"| {own[0]['n_half']} to {own[0]['n_all']} | {' | '.join(gains)} |" in page
        brought = (mean(float(row[name]) for row in own) for name in ("random_m", "near_m", "apart_m"))
        assert f"| {survey} | {' | '.join(f'{each:.2f}' for each in brought)} |" in page
    off_m = mean(abs(p - t) for p, t in zip(figure["gain_m"], figure["gain_true_m"], strict=True))
    off = mean(abs(p / t - 1) for p, t in zip(figure["all_m"], figure["all_true_m"], strict=True))
    assert f"predicted to {off_m:.2f} m on average" in page
    assert f"predicted to {off:.0%} on average".replace("%", " %") in page
    for name, words in (("gain", "the interval holds it in"), ("all", "the intervals held them in")):
        ends = zip(*(figure[f"{name}_{end}_m"] for end in ("low", "true", "high")), strict=True)
        assert f"{words} {sum(low <= true <= high for low, true, high in ends)} of {len(found)}" in page


_CONVOLVED = "cnnloc", "bayescnn"


@pytest.mark.parametrize("method", PIPELINE)
def test_results_page_shows_the_committed_ablation_of_the_pipeline(method: str) -> None:
    cells = [
        shown("pipeline", target, "dnn", method) for target in ("ujiindoorloc", "tampere", "tut6", "dsi1")
    ]
    assert f"(`{method}`) | {' | '.join(cells)} |" in RESULTS_PAGE
    beside = {"tampere": ("cnnloc", "bayescnn", "baat"), "tut6": _CONVOLVED, "dsi1": _CONVOLVED}
    others = [shown("pipeline", target, each, method, 2) for target in beside for each in beside[target]]
    assert f"(`{method}`) | {' | '.join(others)} |" in RESULTS_PAGE


@pytest.mark.parametrize(
    "method",
    [
        "default",
        "strong",
        "random_pairs",
        "transport",
        "fixed_noise",
        "infonce",
        "scale_free",
        "least_squares",
        "jacobian",
    ],
)
def test_results_page_shows_the_committed_options_of_the_framework(method: str) -> None:
    before = "" if method == "default" else f"{method}_"
    methods = (method, f"{before}untrained", f"{before}shuffled")
    cells = [shown("framework", "tampere", "dnn", each, 1) for each in methods]
    assert f"(`{method}`) | {' | '.join(cells)} |" in RESULTS_PAGE


@pytest.mark.parametrize(
    ("network", "method"),
    [
        ("knn", "none"),
        *(("matcher", method) for method in ("untrained", "others", "none", "both")),
        *(("blend", method) for method in ("none", "both")),
    ],
)
def test_results_page_shows_the_committed_figures_of_small_surveys(network: str, method: str) -> None:
    found: dict[str, list[float]] = {}
    for row in rows("small_surveys"):
        if (row["network"], row["method"], row["budget"]) == (network, method, "full"):
            found.setdefault(row["train_fraction"], []).append(float(row["mae_m"]))
    assert all(len(errors) == 5 for errors in found.values())
    cells = [f"{mean(found[share]):.2f}" for share in ("0.01", "0.03", "0.1", "0.3")]
    section = RESULTS_PAGE.partition("| share of UJIIndoorLoc's reference points |")[2]
    assert f" | {' | '.join(cells)} |" in section.partition("## ")[0]
