"""Measurements behind the pages, and the commands that write their figures."""
