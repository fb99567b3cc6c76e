"""Files that are never half written: weights, model folders, anything else."""
