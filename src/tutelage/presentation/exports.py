"""A model that was written for the runtime."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tutelage.presentation.console import show_pairs

__all__ = ["show_export"]


def show_export(card: Mapping[str, Any], out: Path, as_json: bool) -> None:
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
    show_pairs(figures, as_json)


def _int8(said: Mapping[str, Any] | None) -> dict[str, str]:
    if said is None:
        return {}
    before, after = (said[name] / 1e6 for name in ("float32_bytes", "int8_bytes"))
    size, cost = f"{after:.2f} MB, {before:.2f} MB in float32", said["cost"]
    if cost is None:
        return {"int8": size, "cost of int8": "not measured; give --scans"}
    errors = [cost[name] for name in ("float32_mae_m", "int8_mae_m")]
    known = f"mean error {errors[0]:.2f} m before, {errors[1]:.2f} m after; " if None not in errors else ""
    held = [cost[name] for name in ("float32_coverage", "int8_coverage")]
    if None not in held:
        known += f"within the 95 % radius {held[0]:.1%} before, {held[1]:.1%} after; "
    moved = f"positions move by {cost['mean_shift_m']:.2f} m, at most {cost['max_shift_m']:.2f} m"
    return {"int8": size, "cost of int8": f"{known}{moved} ({cost['n_scans']} {cost['scans']})"}
