"""Which method suits a building: all of them on the same reference points held out, and a recommendation."""

from tutelage.evaluation.compare.candidates import Candidate, candidate, candidates
from tutelage.evaluation.compare.comparison import (
    Comparison,
    Recommendation,
    Standing,
    compare,
    write_comparison,
)

__all__ = [
    "Candidate",
    "Comparison",
    "Recommendation",
    "Standing",
    "candidate",
    "candidates",
    "compare",
    "write_comparison",
]
