"""The matcher's network in NumPy, which locates, against the one in PyTorch, which is trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tutelage.methods.matcher.matcher_network import MatcherNetwork
from tutelage.methods.matcher.pretrained import shipped_matcher
from tutelage.runtime.candidate_lists import FEATURES
from tutelage.runtime.candidate_weights import CandidateWeights


def untrained() -> MatcherNetwork:
    torch.manual_seed(3)
    network = MatcherNetwork(16)
    network.standardise_as(3 + 2 * torch.randn(200, len(FEATURES)))
    return network.eval()


@pytest.mark.parametrize("network", [shipped_matcher().network, untrained()], ids=["shipped", "untrained"])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (3, 48), (200, 48), (0, 5)])
def test_weights_are_those_of_pytorch(network: MatcherNetwork, n: int, k: int) -> None:
    rng = np.random.default_rng(n)
    centre, spread = network.centre.numpy(), network.spread.numpy()
    # features of a strange building too: many standard deviations away
    feature = (centre + 4 * spread * rng.standard_normal((n, k, len(FEATURES)))).astype(np.float32)
    with torch.inference_mode():
        theirs = network(torch.as_tensor(feature), torch.ones(n, k, dtype=torch.bool)).weight.numpy()
    ours = CandidateWeights({name: value.numpy() for name, value in network.state_dict().items()})(feature)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=3e-6)
