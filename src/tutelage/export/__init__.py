"""Exported models: a fitted model as files that the small runtime and a phone read without PyTorch."""

from tutelage.export.exporting import export_model, require_export_path

__all__ = ["export_model", "require_export_path"]
