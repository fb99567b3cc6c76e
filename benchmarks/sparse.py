"""Measure what sparse data save: in the first layer of a network, and in Sorensen distances.

    python -m benchmarks.sparse

Each row compares with the dense alternative in the same run; read the ratios, not the seconds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import manhattan_distances
from torch import nn

from tutelage.data.representation import RssRepresentation
from tutelage.data.surveys import load
from tutelage.networks import RssBatch, SparseLinear
from tutelage.runtime.fingerprint_index import FingerprintIndex

BATCH = 128
HEARD = 18
WIDTH = 512
BLOCK = 100  # queries at a time


def median_seconds(run: Callable[[], object], repeats: int) -> float:
    """Return the median time of `run`, after one call that is not counted."""
    run()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def first_layer() -> None:
    """Measure a network's first layer: 18 access points are heard among more and more columns."""
    print("| columns | forward, sparse / dense | forward and backward, sparse / dense |\n|---|---|---|")
    for n_ap in (465, 2000, 8000):
        column = torch.randint(0, n_ap, (BATCH * HEARD,))
        scans = RssBatch(column, torch.rand(BATCH * HEARD), torch.arange(0, BATCH * HEARD, HEARD), n_ap)
        pairs: list[tuple[nn.Module, RssBatch | torch.Tensor]] = [
            (SparseLinear(n_ap, WIDTH), scans),
            (nn.Linear(n_ap, WIDTH), scans.dense()),
        ]
        forward = [median_seconds(partial(layer, x), 50) for layer, x in pairs]
        both = [median_seconds(partial(_forward_backward, layer, x), 50) for layer, x in pairs]
        print(f"| {n_ap:,} | {forward[0] / forward[1]:.2f} | {both[0] / both[1]:.2f} |")


def _forward_backward(layer: nn.Module, x: RssBatch | torch.Tensor) -> None:
    layer.zero_grad(set_to_none=True)
    layer(x).sum().backward()


def sorensen() -> None:
    """Measure all distances between the test and the training scans of UJIIndoorLoc."""
    survey = load("ujiindoorloc")
    assert survey.test is not None
    representation = RssRepresentation.fit(survey.train, "powed")
    radio_map = representation.transform(survey.train)
    queries = representation.transform(survey.test)
    dense_map = radio_map.toarray()
    dense_queries = queries.toarray()
    index = FingerprintIndex(radio_map, "sorensen")
    blocks = [queries[first : first + BLOCK] for first in range(0, queries.shape[0], BLOCK)]
    a = median_seconds(lambda: [index.distances(block) for block in blocks], 3)  # as in `nearest`
    b = median_seconds(lambda: cdist(dense_queries, dense_map, "braycurtis"), 1)
    c = median_seconds(lambda: manhattan_distances(queries, radio_map), 3)  # its numerator alone
    print(
        "\n| Sorensen distances of UJIIndoorLoc, test x training | seconds | sparse / dense |\n|---|---|---|"
    )
    print(f"| by access point | {a:.2f} | {a / b:.2f} |")
    print(f"| sparse rows, scikit-learn's Manhattan distance | {c:.2f} | {c / b:.2f} |")
    print(f"| dense, scipy's cdist | {b:.2f} | 1 |")


if __name__ == "__main__":
    first_layer()
    sorensen()
