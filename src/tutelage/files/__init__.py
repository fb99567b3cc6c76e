"""Atomic writes, model folders and weights files."""
