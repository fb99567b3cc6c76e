"""Which method suits a building: all of them on the same reference points held out, and a recommendation."""

from tutelage.comparison.candidates import Candidate, candidates
from tutelage.comparison.compare import Comparison, Recommendation, Standing, compare, write_comparison

__all__ = [
    "Candidate",
    "Comparison",
    "Recommendation",
    "Standing",
    "candidates",
    "compare",
    "write_comparison",
]
