"""The scorer: nearest fingerprints, weighed as other buildings taught.

A radio map is searched for the fingerprints nearest to a scan; each is described beside the scan without
naming an access point, and a small network says how much it counts. What it knows holds in any building, so
it can be learnt in some and used in another; and it can learn from the target's own radio map.
"""

from tutelage.scorer.fitting import FittedScorer, ScorerSettings, ScorerTeaching, fit_scorer
from tutelage.scorer.recipe import ScorerRecipe
from tutelage.scorer.scorer import Scorer
from tutelage.scorer.teacher import SCORER_FORMAT, ScorerCard, ScorerTeacher, shipped_scorer, teach_scorer

__all__ = [
    "SCORER_FORMAT",
    "FittedScorer",
    "Scorer",
    "ScorerCard",
    "ScorerRecipe",
    "ScorerSettings",
    "ScorerTeacher",
    "ScorerTeaching",
    "fit_scorer",
    "shipped_scorer",
    "teach_scorer",
]
