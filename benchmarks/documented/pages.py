"""The generated blocks of each page, and what makes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.documented import (
    calibration_tables,
    gain_tables,
    matcher_tables,
    measurement_tables,
    method_tables,
    room_table,
    track_table,
)
from benchmarks.documented.default_table import default_lines
from benchmarks.documented.gain_tables import MATCHERS, TEACHERS, gain_table
from benchmarks.documented.matcher_tables import choice_table
from benchmarks.documented.network_tables import network_table
from benchmarks.documented.page_blocks import Table, write_blocks
from benchmarks.documented.serving_table import serving_table
from benchmarks.documented.speed_table import speed_table
from benchmarks.documented.verdict_table import verdict_table

__all__ = ["PAGES", "write_page"]

_VERDICT = ", ".join(f"results/{name}.json" for name in ("table1-paper", "table1", "table2", "table4"))

PAGES: Mapping[str, Mapping[str, Table]] = {
    "README.md": {"results/accuracy.csv": method_tables.front_table},
    "docs/about/results.md": {
        "results/accuracy.csv": method_tables.whole_survey_table,
        "results/small_maps.csv": method_tables.small_map_overview,
        "results/small_maps.json": gain_table(MATCHERS),
        "results/networks.csv": method_tables.knn_and_network_table,
        "results/table1.csv": method_tables.transfer_table,
        "results/table1.json": gain_table(TEACHERS, middle="median"),
        "results/table4.json": gain_table(TEACHERS, middle="median"),
        "results/accuracy.csv: radii": calibration_tables.default_model_table,
        "results/calibration.csv: overview": calibration_tables.coverage_overview,
        "results/calibration.csv: goal": calibration_tables.goal_lines,
        "results/eight_bits.csv: summary": measurement_tables.eight_bits_lines,
    },
    "docs/about/verdict.md": {
        _VERDICT: verdict_table,
    },
    "docs/performance.md": {
        f"benchmarks/results.json: {kind}": speed_table(kind)
        for kind in ("positions", "fits", "starts", "loads", "steps", "growth")
    },
    "docs/concepts/calibration.md": {
        "results/calibration.csv: goal": calibration_tables.goal_lines,
    },
    "docs/concepts/controls.md": {
        "results/table1.json": gain_table(TEACHERS, middle="median"),
        "results/small_maps.json": gain_table(MATCHERS[:5]),
    },
    "docs/concepts/matcher.md": {
        "results/accuracy.csv: seconds": method_tables.learning_seconds_lines,
        "results/accuracy.csv": method_tables.matcher_overview,
    },
    "research/calibration.md": {
        "results/borrowed.csv": calibration_tables.borrowed_table,
        "results/refusal.csv": calibration_tables.refusal_table,
        "results/calibration.csv: overview": calibration_tables.coverage_overview,
        "results/calibration.csv: goal": calibration_tables.goal_lines,
        "results/calibration.csv: gone": calibration_tables.gone_table,
        "results/calibration.csv: limits": calibration_tables.limit_lines,
        "results/accuracy.csv": calibration_tables.default_model_table,
        "results/calibration.csv": calibration_tables.coverage_table,
    },
    "research/data.md": {"results/buildings.csv": measurement_tables.building_table},
    "docs/guides/accuracy.md": {"results/accuracy.csv": calibration_tables.default_model_table},
    "docs/guides/drift.md": {
        "results/gone.csv": measurement_tables.gone_table,
        "results/drift.csv": measurement_tables.month_lines,
        "results/updates.csv": measurement_tables.update_lines,
    },
    "docs/guides/fit.md": {"results/accuracy.csv": method_tables.front_table},
    "docs/guides/survey.md": {
        "results/small_maps.csv": method_tables.scans_line,
        "results/small_surveys.csv": method_tables.points_line,
    },
    "research/drift.md": {
        "results/drift.csv": measurement_tables.month_table,
        "results/drift.csv: losses": measurement_tables.month_lines,
        "results/updates.csv": measurement_tables.update_table,
    },
    "research/export.md": {"results/eight_bits.csv": measurement_tables.eight_bits_table},
    "research/matcher.md": {
        "results/defaults.csv": default_lines,
        "results/choices.csv: lesson": choice_table("lesson", "pretrained matcher, by its lesson"),
        "results/choices.csv: simulated": choice_table(
            "simulated", "pretrained matcher, by the number of simulated buildings"
        ),
        "results/choices.csv: epochs": choice_table("epochs", "the blend's network, by `network_epochs`"),
        "results/choices.csv: share": choice_table("share", "blend, by the network's share"),
        "results/sharpness.csv": matcher_tables.sharpness_table,
        "results/fine_tuning.csv: lessons": matcher_tables.lesson_table,
        "results/fine_tuning.csv: shares": matcher_tables.own_weight_table,
        "results/distilled_matcher.csv": matcher_tables.distilled_table,
    },
    "research/speed.md": {
        "results/fine_tune_length.csv": matcher_tables.length_table,
    },
    "research/networks.md": {"tutelage.networks": network_table},
    "research/results.md": {
        "results/table1.json": gain_table(TEACHERS),
        "results/appendix_a.csv": measurement_tables.weight_search_lines,
        "results/table3.json": gain_tables.source_table,
        "results/table4.json": gain_table(TEACHERS),
        "results/accuracy.csv": method_tables.whole_survey_table,
        "results/accuracy.json": gain_table(MATCHERS),
        "results/small_maps.csv": method_tables.small_map_table,
        "results/small_maps.json": gain_table(MATCHERS),
        "results/small_surveys.csv": method_tables.small_survey_table,
        "results/small_surveys.json": gain_table(MATCHERS),
        "results/networks.csv": method_tables.knn_and_network_table,
        "results/pipeline.csv: DNN": method_tables.pipeline_table,
        "results/pipeline.csv: other networks": method_tables.network_pipeline_table,
        "results/framework.csv": method_tables.framework_table,
        "results/devices.csv": measurement_tables.device_table,
    },
    "research/rooms.md": {
        "results/rooms.csv": room_table.room_hits,
        "results/rooms.csv: later seeds": room_table.room_hits_later,
        "results/rooms.csv: sets": room_table.room_sets,
    },
    "research/surveying.md": {
        "results/learning_curves.csv": measurement_tables.learning_curve_table,
        "results/learning_curves.csv: places": measurement_tables.place_table,
        "results/learning_curves.csv: predictions": measurement_tables.extrapolation_lines,
    },
    "research/serving.md": {"results/serving.csv": serving_table},
    "research/tracks.md": {
        "results/tracks.csv": track_table.position_table,
        "results/tracks.csv: rooms": track_table.label_table,
        "results/tracks.csv: goals": track_table.goal_lines,
        "results/phone_offsets.csv": track_table.offset_table,
        "results/phone_offsets.csv: mean": track_table.offset_lines,
    },
}


def write_page(page: str) -> None:
    """Write the generated blocks of one page anew.

    Parameters
    ----------
    page : str
        A key of `PAGES`.
    """
    write_blocks(Path(__file__).parents[2], page, PAGES[page])
