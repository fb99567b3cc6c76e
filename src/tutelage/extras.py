"""Which extra of the package brings what is not installed."""

from __future__ import annotations

__all__ = ["BROUGHT_BY", "missing"]

BROUGHT_BY = {
    "train": (
        *("scipy", "sklearn", "torch", "safetensors", "pyarrow", "pooch", "pydantic", "typer", "rich"),
        *("plotly", "optuna", "filelock", "threadpoolctl", "pyproj"),
    ),
    "export": ("onnx", "onnxscript", "onnxruntime"),
}
"""Packages by the names they are imported under."""


def missing(who: str, error: ModuleNotFoundError) -> str | None:
    """What `who` lacks and how to install it; None if no extra brings it."""
    package = (error.name or "").partition(".")[0]
    extra = next((extra for extra, packages in BROUGHT_BY.items() if package in packages), None)
    if extra is None:
        return None
    return f'{who} needs {package}, which is not installed: pip install "tutelage[{extra}]"'
