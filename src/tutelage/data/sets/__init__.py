"""Public data sets, and a simulated building."""
