"""Experiments: tables as data, cells that are never run twice, and the demo."""
