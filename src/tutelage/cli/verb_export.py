"""The verb that writes a model for the runtime."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tutelage.cli.console import show_pairs
from tutelage.cli.options import AGAIN, Json, ModelFolder, Reading, stoppable, verb

__all__ = ["export_command"]


@verb
def export_command(
    model: ModelFolder,
    *,
    out: Annotated[Path, typer.Option(metavar="PATH", help="Write model.zip, or a new folder.")],
    scans: Annotated[
        str | None,
        typer.Option(
            metavar="SURVEY",
            help="Scans to compare the exported model with the original on, such as checks.csv. The test "
            "split shows what --int8 costs. Default: random scans.",
        ),
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Store a network's weights in eight bits.")] = False,
    reading: Reading,
    as_json: Json = False,
) -> None:
    """Write a model for phones and for the small runtime, which needs no PyTorch.

    The exported model is compared with the original first. Nothing is written if their answers differ by
    more than rounding.

    Example: tutelage export survey-model --out survey.zip --scans checks.csv
    """
    from tutelage.export import export_model, require_export_path

    require_export_path(out)
    survey = reading.load(scans) if scans else None
    with stoppable(AGAIN):
        card = export_model(model, out, scans=survey, int8=int8, progress=not as_json)
    _show_export(card, out, as_json)


# -- what it prints ------------------------------------------------------------------------------------


def _show_export(card: Mapping[str, Any], out: Path, as_json: bool) -> None:
    """Print what was exported, how large it is, and how far it is from the library."""
    if as_json:
        print(json.dumps({"out": str(out), **card}))
        return
    verified = card["verified"]
    limits = [
        ("max_difference", "allowed", "standardised coordinates"),
        ("max_difference_m", "allowed_m", "m"),
    ]
    largest = [
        f"{verified[name]:.1e} {unit}" + (f" ({verified[limit]:g} allowed)" if verified.get(limit) else "")
        for name, limit, unit in limits
        if verified.get(name) is not None
    ]
    figures = {
        "exported": str(out),
        "method": card["method"],
        "access points": len(card["access_points"]),
        "size": f"{card['size_bytes'] / 1e6:.2f} MB",
        **{name: f"{file['size_bytes'] / 1e6:.2f} MB" for name, file in card["files"].items()},
        "held against the library on": f"{verified['n_scans']} scans, {verified['scans']}",
        **({"largest difference": "; ".join(largest)} if largest else {}),
        "other labels": f"{verified['labels_differing']} of {verified['n_scans']} scans",
        **_int8(card["int8"]),
    }
    show_pairs(figures, as_json)


def _int8(figures: Mapping[str, Any] | None) -> dict[str, str]:
    if figures is None:
        return {}
    before_mb, after_mb = (figures[name] / 1e6 for name in ("float32_bytes", "int8_bytes"))
    size = f"{after_mb:.2f} MB, {before_mb:.2f} MB in float32"
    cost = figures["cost"]
    if cost is None:
        return {"int8": size, "cost of int8": "not measured; give --scans"}
    words = []
    errors_m = [cost[name] for name in ("float32_mae_m", "int8_mae_m")]
    if None not in errors_m:
        words.append(f"mean error {errors_m[0]:.2f} m before, {errors_m[1]:.2f} m after")
    coverages = [cost[name] for name in ("float32_coverage", "int8_coverage")]
    if None not in coverages:
        words.append(f"within the 95 % radius {coverages[0]:.1%} before, {coverages[1]:.1%} after")
    hits = [cost[name] for name in ("float32_place_hit", "int8_place_hit")]
    if None not in hits:
        words.append(f"right places {hits[0]:.1%} before, {hits[1]:.1%} after")
    if "mean_shift_m" in cost:
        words.append(f"positions move by {cost['mean_shift_m']:.2f} m, at most {cost['max_shift_m']:.2f} m")
    return {"int8": size, "cost of int8": f"{'; '.join(words)} ({cost['n_scans']} {cost['scans']})"}
