"""Scans of a Linux machine for a survey, sent to the service; what cannot be sent waits in a file."""
