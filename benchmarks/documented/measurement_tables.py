"""Tables of drift, updates, learning curves, eight bits, devices and buildings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import mean, median

from scipy.stats import spearmanr

from benchmarks.documented.calibration_tables import SURVEYS
from benchmarks.documented.page_blocks import Row, table_lines

__all__ = [
    "building_table",
    "device_table",
    "eight_bits_lines",
    "eight_bits_table",
    "extrapolation_lines",
    "gone_table",
    "learning_curve_table",
    "month_lines",
    "month_table",
    "place_table",
    "update_lines",
    "update_table",
    "weight_search_lines",
]


# -- drift -----------------------------------------------------------------------------------------------


def month_table(rows: Sequence[Row]) -> list[str]:
    """Return what drift said of each month, and what was measured."""
    head = ["month", "gone", "shifted", "new", "common offset (dB)", "refused"]
    head += ["loss, estimated", "loss, measured", "mean error (m)", "coverage", "says"]
    return table_lines(head, map(_month_cells, rows))


def update_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Return an update that was worse than the model before."""
    errors = {row["model"]: float(row["mae_m"]) for row in rows if row["month"] == "18"}
    yield (
        f"- At month 18, the library's model of month 1 had a mean error of {errors['month 1 alone']:.2f} m, "
        f"the updated one {errors['updated']:.2f} m."
    )


def gone_table(rows: Sequence[Row]) -> list[str]:
    """Return what drift said where access points were taken away, and what k-NN lost, over seeds."""
    head = ["survey", "taken away", "found", "others found", "loss, estimated", "loss, measured"]
    head += ["refused", "coverage at 95 %"]
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["survey"], row["share"]), []).append(row)
    return table_lines(head, (_gone_cells(*key, of_key) for key, of_key in groups.items()))


def _gone_cells(survey: str, share: str, rows: Sequence[Row]) -> list[str]:
    taken, found, others = (
        sum(int(row[name]) for row in rows) for name in ("taken", "found", "others_found")
    )
    losses = [f"{mean(float(row[name]) for row in rows) - 1:+.0%}" for name in ("estimated", "measured")]
    shares = [f"{mean(float(row[name]) for row in rows):.1%}" for name in ("refused", "coverage")]
    part = f"{found / taken:.0%}" if taken else "-"
    return [SURVEYS[survey], f"{float(share):.0%}", part, f"{others / len(rows):.0f}", *losses, *shares]


def _month_cells(row: Row) -> list[str]:
    losses = [f"{float(row[name]) - 1:+.0%}" for name in ("estimated", "measured")]
    refused, coverage = (f"{float(row[name]):.1%}" for name in ("refused", "coverage"))
    changes = [str(row[name]) for name in ("month", "gone", "shifted", "new", "common_db")]
    return [*changes, refused, *losses, str(row["mae_m"]), coverage, row["severity"]]


def month_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Return how near the estimate came, and what was lost before and after access points went."""
    estimated = [float(row["estimated"]) for row in rows]
    measured = [float(row["measured"]) for row in rows]
    off = [abs(a - b) for a, b in zip(estimated, measured, strict=True)]
    order = spearmanr(estimated, measured)[0]
    yield (
        f"- Estimated against measured: median difference {median(off):.1%}, largest {max(off):.1%}, "
        f"rank correlation {order:.2f}."
    )
    change = next(int(row["month"]) for row in rows if int(row["gone"]))
    early = [row for row in rows if 3 <= int(row["month"]) < change]
    late = [row for row in rows if int(row["month"]) >= change]
    yield (
        f"- From month 3 to {change - 1}, before any access point is gone, the error is "
        f"{_loss_span(early, 'measured')} % larger than at month 1."
    )
    yield (
        f"- From month {change} on, the estimate says {_loss_span(late, 'estimated')} %, and "
        f"{_loss_span(late, 'measured')} % were lost."
    )


def _loss_span(rows: Sequence[Row], column: str) -> str:
    losses = [100 * (float(row[column]) - 1) for row in rows]
    return f"{min(losses):.0f} to {max(losses):.0f}"


def update_table(rows: Sequence[Row]) -> list[str]:
    """Return what each model has at each month."""
    head = ["month", "model", "mean error (m)", "95 % (m)", "coverage", "median radius (m)"]
    return table_lines(
        head,
        [
            [
                *(str(row[name]) for name in ("month", "model", "mae_m", "p95_m")),
                f"{float(row['coverage']):.1%}",
                str(row["radius_m"]),
            ]
            for row in rows
        ],
    )


# -- learning curves -------------------------------------------------------------------------------------


def learning_curve_table(rows: Sequence[Row]) -> list[str]:
    """Return what was predicted and measured, the draws of a survey side by side."""
    head = ["survey", "points", "gain predicted (m)", "measured (m)", "within the interval"]
    head += ["error predicted (m)", "measured (m)"]
    lines = []
    for survey, draws in _by_survey(rows):
        gain, true, error, true_error = (
            " / ".join(f"{float(row[name]):.2f}" for row in draws)
            for name in ("gain_m", "gain_true_m", "all_m", "all_true_m")
        )
        within = f"{_n_within(draws, 'gain')} of {len(draws)}"
        points = f"{draws[0]['n_half']} to {draws[0]['n_all']}"
        lines.append([survey, points, gain, true, within, error, true_error])
    return table_lines(head, lines)


def place_table(rows: Sequence[Row]) -> list[str]:
    """Return what a quarter more points bring, by where they are taken."""
    titles = {
        "random_m": "at random (m)",
        "near_m": "near the neediest places (m)",
        "apart_m": "there, and far from the survey (m)",
    }
    lines = [
        [survey, *(f"{mean(float(row[name]) for row in draws):.2f}" for name in titles)]
        for survey, draws in _by_survey(rows)
    ]
    return table_lines(["survey", *titles.values()], lines)


def extrapolation_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Return how near the predictions came over all draws."""
    off_m = mean(abs(float(row["gain_m"]) - float(row["gain_true_m"])) for row in rows)
    off = mean(abs(float(row["all_m"]) / float(row["all_true_m"]) - 1) for row in rows)
    yield (
        f"- Gains are predicted to {off_m:.2f} m on average. "
        f"The interval holds {_n_within(rows, 'gain')} of {len(rows)} draws."
    )
    yield (
        f"- Errors with all points are predicted to {100 * off:.0f} % on average. "
        f"The interval holds {_n_within(rows, 'all')} of {len(rows)} draws."
    )


def _n_within(rows: Sequence[Row], name: str) -> int:
    ends = [[float(row[f"{name}_{end}_m"]) for end in ("low", "true", "high")] for row in rows]
    return sum(low <= true <= high for low, true, high in ends)


def _by_survey(rows: Sequence[Row]) -> Iterable[tuple[str, list[Row]]]:
    for survey, draws in groupby(rows, lambda row: row["survey"]):
        yield survey, list(draws)


# -- single tables ---------------------------------------------------------------------------------------


def eight_bits_table(rows: Sequence[Row]) -> list[str]:
    """Return what eight bits save and cost, a row a survey and network."""
    head = ["survey", "network", "float32, MB", "int8, MB", "mean error, float32, m", "int8, m"]
    head += ["positions move, mean, m", "at most, m", "within the 95 % radius, float32", "int8"]
    return table_lines([*head, "float32 from PyTorch, standardised", "m"], map(_eight_bits_cells, rows))


def eight_bits_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Return in one line what eight bits save and cost, over all surveys and networks."""
    sizes = [int(row["int8_bytes"]) / int(row["float32_bytes"]) for row in rows]
    costs_m = [float(row["int8_mae_m"]) - float(row["float32_mae_m"]) for row in rows]
    shifts_m = [float(row["mean_shift_m"]) for row in rows]
    yield (
        f"- In {len(rows)} pairs of survey and network, a file takes {min(sizes):.0%} to {max(sizes):.0%} "
        f"of its size. The mean error changes by {min(costs_m):+.2f} to {max(costs_m):+.2f} m. "
        f"A position moves by {min(shifts_m):.2f} to {max(shifts_m):.2f} m on average."
    )


def _eight_bits_cells(row: Row) -> list[str]:
    costs = ("float32_mae_m", "int8_mae_m", "mean_shift_m", "max_shift_m")
    shares = ("float32_coverage", "int8_coverage")
    return [
        row["survey"],
        f"`{row['network']}`",
        *(f"{int(row[name]) / 1e6:.2f}" for name in ("float32_bytes", "int8_bytes")),
        *(f"{float(row[name]):.2f}" for name in costs),
        *(f"{float(row[name]):.1%}" if row.get(name) else "-" for name in shares),
        *(f"{float(row[name]):.1e}" for name in ("max_difference", "max_difference_m")),
    ]


def device_table(rows: Sequence[Row]) -> list[str]:
    """Return seconds on both devices, a row a method."""
    machine = f"{rows[0]['cores']} cores, {rows[0]['accelerator']}"
    columns = ("method", "cpu_seconds", "accelerator_seconds", "ratio")
    head = [machine, "processor, s", "GPU, s", "processor / GPU"]
    return table_lines(head, [[str(row[name]) for name in columns] for row in rows])


def building_table(rows: Sequence[Row]) -> list[str]:
    """Return which surveys are of one building, a row a pair."""
    head = ["test scans of", "located in the map of", "access points matched", "turned by 180°"]
    head += ["median error", "mean error", "floor right", "median by chance"]
    return table_lines(
        head,
        [
            [
                row["other"],
                row["first"],
                f"{row['matched']} of {row['access_points']}",
                str(row["matched_turned"]),
                f"{float(row['median_m']):.1f} m",
                f"{float(row['mean_m']):.1f} m",
                f"{float(row['floor_hit']):.0%}",
                f"{float(row['chance_m']):.0f} m",
            ]
            for row in rows
        ],
    )


def weight_search_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Return what the search of Appendix A gave on held-out reference points."""
    finished = {int(row["trial"]): float(row["held_out_mae_m"]) for row in rows if row["ended"] == "complete"}
    n_first = next(n for n in range(len(rows) + 1) if n not in finished)
    yield (
        f"{len(rows) - len(finished)} of {len(rows)} trials were stopped early, because they were behind the "
        "median. "
        f"{n_first} of the {len(finished)} others are the first ones, which are never stopped. "
        f"They have {min(finished.values()):.2f} to {max(finished.values()):.2f} m, "
        f"the published weights {finished[0]:.2f} m, one seed."
    )
