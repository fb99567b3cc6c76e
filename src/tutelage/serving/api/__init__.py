"""What the service speaks: one module for each protocol."""
