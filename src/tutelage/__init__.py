"""Tutelage."""
