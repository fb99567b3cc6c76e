"""Speed: every figure beside that of an alternative, measured in turns in the same run."""
