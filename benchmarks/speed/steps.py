"""Steps of training, beside the products of matrices in them alone.

The products of a step are counted while it runs, and then done again on their own, with the same shapes. A
step cannot be faster than they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.speed.comparison import Comparison, seconds_of
from tutelage import Localizer, Survey, load, teach
from tutelage.networks import RssBatch, SparseLinear
from tutelage.training import Budget, RunOptions

NETWORKS = ("dnn", "cnnloc", "bayescnn", "baat")
PRODUCTS = ("mm", "addmm", "bmm", "baddbmm", "convolution", "convolution_backward")
STEPS = {"dnn": 20, "cnnloc": 8, "bayescnn": 4, "baat": 2}
BATCH = 128
HEARD = 18
WIDTH = 512


def comparisons() -> Iterator[Comparison]:
    """Make the rows."""
    torch.set_num_threads(1)
    survey = load("ujiindoorloc")
    for network in NETWORKS:
        for phase, learn in (("Expert Training", _taught), ("Expert Distilling", _distilled)):
            yield _step(f"a step of {phase}, {network}", survey, network, learn)
    for n_ap in (465, 8000):
        yield _first_layer(n_ap)


Learn = Callable[[Survey, str, int], None]


def _taught(survey: Survey, network: str, updates: int) -> None:
    settings = {"source": "joint"}
    teach(survey, network, settings=settings, run=_run(updates))


def _distilled(survey: Survey, network: str, updates: int) -> None:
    localizer = Localizer(network, teachers=["untrained", "untrained"], run=_run(updates), calibrate=False)
    localizer.fit(survey)


def _run(updates: int) -> RunOptions:
    return RunOptions(device="cpu", budget=Budget(updates=updates))


def _step(name: str, survey: Survey, network: str, learn: Learn) -> Comparison:
    n = STEPS[network]
    products = _recorded(lambda: learn(survey, network, 3)) - _recorded(lambda: learn(survey, network, 2))
    calls = [call for key, count in products.items() for call in [_call(*key)] * count]

    def ours() -> float:
        longer = seconds_of(lambda: learn(survey, network, n + 2))
        return 1e3 * (longer - seconds_of(lambda: learn(survey, network, 2))) / n

    def alone() -> float:
        return 1e3 * seconds_of(lambda: [call() for _ in range(n) for call in calls]) / n

    return Comparison(f"{name}, UJIIndoorLoc", ours, alone, "its products of matrices alone", "ms", 3)


class _Record(TorchDispatchMode):
    """Counts products by their name, the shapes of their tensors and their other arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[tuple[str, tuple[Any, ...]]] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if name in PRODUCTS:
            self.counts[name, tuple(_described(each) for each in args)] += 1
        return func(*args, **(kwargs or {}))


def _described(argument: Any) -> Any:
    if isinstance(argument, torch.Tensor):
        return ("tensor", tuple(argument.shape), tuple(argument.stride()))
    return tuple(argument) if isinstance(argument, list) else argument


def _recorded(learn: Callable[[], None]) -> Counter[tuple[str, tuple[Any, ...]]]:
    with _Record() as record:
        learn()
    return record.counts


def _call(name: str, arguments: tuple[Any, ...]) -> Callable[[], object]:
    """Make a call of a product on random tensors of the same shapes and strides."""
    made = [_made(each) for each in arguments]
    product = getattr(torch.ops.aten, name)
    return lambda: product(*made)


def _made(described: Any) -> Any:
    if isinstance(described, tuple) and described[:1] == ("tensor",):
        _, shape, stride = described
        size = 1 + sum((n - 1) * s for n, s in zip(shape, stride, strict=True))
        return torch.randn(size).as_strided(shape, stride)
    return list(described) if isinstance(described, tuple) else described


def _first_layer(n_ap: int) -> Comparison:
    column = torch.randint(0, n_ap, (BATCH * HEARD,))
    scans = RssBatch(column, torch.rand(BATCH * HEARD), torch.arange(0, BATCH * HEARD, HEARD), n_ap)
    ours, theirs = SparseLinear(n_ap, WIDTH), nn.Linear(n_ap, WIDTH)
    dense = scans.dense()
    return Comparison(
        f"first layer, forward and backward, {n_ap:,} access points of which {HEARD} are heard",
        lambda: 1e3 * seconds_of(lambda: [_forward_backward(ours, scans) for _ in range(50)]) / 50,
        lambda: 1e3 * seconds_of(lambda: [_forward_backward(theirs, dense) for _ in range(50)]) / 50,
        "the same layer on dense scans",
    )


def _forward_backward(layer: nn.Module, x: RssBatch | torch.Tensor) -> None:
    layer.zero_grad(set_to_none=True)
    layer(x).sum().backward()
