"""Which method suits a building: all of them on the same reference points held out, and a recommendation."""

from tutelage.evaluation.compare.candidates import Candidate, all_of_zoo, candidates
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
    "all_of_zoo",
    "candidates",
    "compare",
    "write_comparison",
]
