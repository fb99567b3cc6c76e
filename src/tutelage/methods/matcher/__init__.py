"""The matcher: nearest fingerprints, weighed as other buildings taught.

A radio map is searched for the fingerprints nearest to a scan; each is described beside the scan without
naming an access point, and a small network says how much it counts. What it knows holds in any building, so
it can be learnt in some and used in another; and it can learn from the target's own radio map.
"""

from tutelage.methods.matcher.matcher import Matcher
from tutelage.methods.matcher.matcher_method import FittedMatcher, MatcherSettings, Pretrained, fit_matcher
from tutelage.methods.matcher.matcher_recipe import MatcherRecipe
from tutelage.methods.matcher.pretrained import (
    MATCHER_FORMAT,
    MatcherCard,
    PretrainedMatcher,
    pretrain,
    shipped_matcher,
)

__all__ = [
    "MATCHER_FORMAT",
    "FittedMatcher",
    "Matcher",
    "MatcherCard",
    "MatcherRecipe",
    "MatcherSettings",
    "Pretrained",
    "PretrainedMatcher",
    "fit_matcher",
    "pretrain",
    "shipped_matcher",
]
