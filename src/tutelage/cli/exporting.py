"""The verb that writes a model for the runtime."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tutelage import datasets, presentation
from tutelage.cli.options import AGAIN, SOURCE, DataDir, Epsg, Json, Model, NotHeard, stoppable

__all__ = ["export_command"]


def export_command(
    model: Model,
    out: Annotated[Path, typer.Option(help="FILE.zip, or a folder to make.")],
    scans: Annotated[
        str | None,
        typer.Option(
            help="Survey whose training scans both are asked about, and on whose test split the cost of int8 "
            f"is measured: {SOURCE}. Without it: scans drawn at random."
        ),
    ] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Keep the network's weights in eight bits.")] = False,
    data_dir: DataDir = None,
    not_heard: NotHeard = None,
    epsg: Epsg = None,
    as_json: Json = False,
) -> None:
    """Write a model for tutelage.runtime and phones, held against the library."""
    from tutelage.export import export_model, require_export_path

    require_export_path(out)
    survey = scans and datasets.load(scans, data_dir=data_dir, not_heard=not_heard, epsg=epsg)
    with stoppable(AGAIN):
        card = export_model(model, out, scans=survey or None, int8=int8, progress=not as_json)
    _show(card, out, as_json)


def _show(card: Mapping[str, Any], out: Path, as_json: bool) -> None:
    """What was exported, how large it is, and how far it is from the library."""
    if as_json:
        print(json.dumps({"out": str(out), **card}))
        return
    held = card["verified"]
    limits = [
        ("max_difference", "allowed", "standardised coordinates"),
        ("max_difference_m", "allowed_m", "m"),
    ]
    largest = [
        f"{held[name]:.1e} {unit}" + (f" ({held[limit]:g} allowed)" if held.get(limit) else "")
        for name, limit, unit in limits
        if name in held
    ]
    figures = {
        "exported": str(out),
        "network": card["network"],
        "access points": len(card["access_points"]),
        "size": f"{card['size_bytes'] / 1e6:.2f} MB",
        **{name: f"{file['size_bytes'] / 1e6:.2f} MB" for name, file in card["files"].items()},
        "held against the library on": f"{held['n_scans']} scans, {held['scans']}",
        "largest difference": "; ".join(largest),
        **_int8(card["int8"]),
    }
    presentation.show_pairs(figures, as_json)


def _int8(said: Mapping[str, Any] | None) -> dict[str, str]:
    if said is None:
        return {}
    before, after = (said[name] / 1e6 for name in ("float32_bytes", "int8_bytes"))
    size, cost = f"{after:.2f} MB, {before:.2f} MB in float32", said["cost"]
    if cost is None:
        return {"int8": size, "cost of int8": "not measured; give --scans"}
    errors = [cost[name] for name in ("float32_mae_m", "int8_mae_m")]
    known = f"mean error {errors[0]:.2f} m before, {errors[1]:.2f} m after; " if None not in errors else ""
    moved = f"positions move by {cost['mean_shift_m']:.2f} m, at most {cost['max_shift_m']:.2f} m"
    return {"int8": size, "cost of int8": f"{known}{moved} ({cost['n_scans']} {cost['scans']})"}
