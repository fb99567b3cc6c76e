"""Which method suits a building: all of them on the same reference points held out, and a recommendation."""

from tutelage.evaluation.compare.candidates import Candidate, candidate, candidates
from tutelage.evaluation.compare.comparison import (
    Comparison,
    Recommendation,
    Standing,
    compare,
    write_comparison,
)
from tutelage.evaluation.compare.expected_time import expected_seconds, in_words

__all__ = [
    "Candidate",
    "Comparison",
    "Recommendation",
    "Standing",
    "candidate",
    "candidates",
    "compare",
    "expected_seconds",
    "in_words",
    "write_comparison",
]
