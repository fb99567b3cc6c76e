"""Tracks: what a device's scans say together, from the raw answer to a steady position, floor and room."""
