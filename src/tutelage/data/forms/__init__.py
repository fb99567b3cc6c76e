"""Forms of scans on disk: a file a form, and what they share."""
