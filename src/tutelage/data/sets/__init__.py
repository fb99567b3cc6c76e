"""Public data sets, each read by a file of its own, and a simulated building."""
