"""The store: devices, tracks, surveys, models, plans and keys, in SQLite or PostgreSQL."""
