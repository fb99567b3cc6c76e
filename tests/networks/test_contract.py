"""`check_network` on a network that the package does not know, whole and broken clause by clause."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tutelage.errors import BadInputError
from tutelage.networks import NetworkSpec, RssBatch, check_network, network_names


class Own(nn.Module):
    """A user's network: dense input, parts under names of its own."""

    def __init__(self, n_ap: int, *, width: int = 8) -> None:
        super().__init__()
        self.front = nn.Linear(n_ap, width)
        self.body: nn.Module = nn.Sequential(nn.Tanh(), nn.Dropout(0.3), nn.Linear(width, 5))
        self.head: nn.Module = nn.Linear(5, 2)


class WithoutHead(Own):
    def __init__(self, n_ap: int) -> None:
        super().__init__(n_ap)
        del self.head


class AsWideAsTheBuilding(Own):
    def __init__(self, n_ap: int) -> None:
        super().__init__(n_ap)
        self.body, self.head = nn.Linear(8, n_ap), nn.Linear(n_ap, 2)


class MapFromExtractor(Own):
    def __init__(self, n_ap: int) -> None:
        super().__init__(n_ap)
        self.body = nn.Unflatten(1, (2, 4))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(8, 2))


class ThreeCoordinates(Own):
    def __init__(self, n_ap: int) -> None:
        super().__init__(n_ap)
        self.head = nn.Linear(5, 3)


class Squeezing(nn.Linear):
    def forward(self, z_e: Tensor) -> Tensor:
        return super().forward(z_e).squeeze(0)


class SqueezedForOneScan(Own):
    def __init__(self, n_ap: int) -> None:
        super().__init__(n_ap)
        self.head = Squeezing(5, 2)


class UnusedParameter(Own):
    def __init__(self, n_ap: int) -> None:
        super().__init__(n_ap)
        self.head.register_parameter("spare", nn.Parameter(torch.zeros(2)))


class Centring(nn.Linear):
    def forward(self, z_e: Tensor) -> Tensor:
        position = super().forward(z_e)
        return position - position.mean(dim=0)


class CentredOnTheBatch(Own):
    def __init__(self, n_ap: int) -> None:
        super().__init__(n_ap)
        self.head = Centring(5, 2)


class BatchStatistics(Own):
    def __init__(self, n_ap: int) -> None:
        super().__init__(n_ap)
        self.body = nn.Sequential(nn.BatchNorm1d(8, track_running_stats=False), nn.Linear(8, 5))


class Noisy(nn.Linear):
    def forward(self, z_e: Tensor) -> Tensor:
        return super().forward(z_e) + torch.rand(2)


class NoiseInEvaluation(Own):
    def __init__(self, n_ap: int) -> None:
        super().__init__(n_ap)
        self.head = Noisy(5, 2)


class Forgetful(nn.Linear):
    def __init__(self) -> None:
        super().__init__(5, 2)
        self.shift = torch.rand(2)  # neither a parameter nor a buffer

    def forward(self, z_e: Tensor) -> Tensor:
        return super().forward(z_e) + self.shift


class WeightOutsideTheState(Own):
    def __init__(self, n_ap: int) -> None:
        super().__init__(n_ap)
        self.head = Forgetful()


class Learner(nn.Module):
    """Pre-training of `Own`: the loss that `loss` makes of the Framer's output."""

    def __init__(self, front: nn.Module, loss: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.front, self.loss = front, loss

    def forward(self, scans: RssBatch) -> object:
        return self.loss(self.front(scans.dense()))


class WithPretraining(Own):
    def pretraining(self) -> object:
        return Learner(self.front, lambda z_f: z_f.square().mean())


class PretrainingWithoutModule(Own):
    def pretraining(self) -> object:
        return self.front.weight.square().mean()


class PretrainingToRows(Own):
    def pretraining(self) -> object:
        return Learner(self.front, lambda z_f: z_f.square().mean(dim=1))


class PretrainingToInfinity(Own):
    def pretraining(self) -> object:
        return Learner(self.front, lambda z_f: z_f.square().mean() / 0)


class PretrainingToNumber(Own):
    def pretraining(self) -> object:
        return Learner(self.front, lambda z_f: z_f.square().mean().item())


class PretrainingBesideTheFramer(Own):
    def pretraining(self) -> object:
        return Learner(nn.Linear(self.front.in_features, 1), lambda z_f: z_f.square().mean())


class PretrainingWithoutGradient(Own):
    def pretraining(self) -> object:
        return Learner(self.front, lambda z_f: z_f.detach().square().mean())


BROKEN = [
    (WithoutHead, "part 'head', but WithoutHead has no such"),
    (AsWideAsTheBuilding, r"d_E must not depend on n_ap; it is \{40: 40, 61: 61\}"),
    (MapFromExtractor, r"must give \[B, d_E\], it gives \[2, 2, 4\]; flatten it"),
    (ThreeCoordinates, r"position must be \[B, 2\]; for B = 5 it is \[5, 3\]"),
    (SqueezedForOneScan, r"position must be \[B, 2\]; for B = 1 it is \[2\]"),
    (UnusedParameter, r"parameter head\.spare receives no finite gradient"),
    (CentredOnTheBatch, "must not depend on the rest of the batch"),
    (BatchStatistics, "must not depend on the rest of the batch"),
    (NoiseInEvaluation, r"eval\(\) must be deterministic"),
    (WeightOutsideTheState, "weights must survive"),
    (PretrainingWithoutModule, r"pretraining\(\) must give an nn\.Module, not tensor"),
    (PretrainingToRows, "must turn an RssBatch into a finite scalar"),
    (PretrainingToInfinity, "must turn an RssBatch into a finite scalar"),
    (PretrainingToNumber, "must turn an RssBatch into a finite scalar"),
    (PretrainingBesideTheFramer, "must have a gradient in the Framer"),
    (PretrainingWithoutGradient, "must have a gradient in the Framer"),
]


@pytest.mark.parametrize("name", network_names())
def test_every_network_of_the_package_keeps_the_contract(name: str) -> None:
    check_network(name)


def test_own_pretraining_keeps_the_contract(register: Callable[..., NetworkSpec]) -> None:
    register("own", WithPretraining)
    check_network("own")


def test_own_network_keeps_the_contract(register: Callable[..., NetworkSpec]) -> None:
    register("own", Own)
    check_network("own")
    check_network("own", {"width": 3})


@pytest.mark.parametrize(("broken", "clause"), BROKEN, ids=[broken.__name__ for broken, _ in BROKEN])
def test_broken_network_is_told_the_clause(
    register: Callable[..., NetworkSpec], broken: type[nn.Module], clause: str
) -> None:
    register("broken", broken)
    with pytest.raises(BadInputError, match=f"'broken'.*{clause}"):
        check_network("broken")


def test_check_leaves_the_callers_random_numbers_untouched() -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    check_network("dnn", {"width": 8, "d_e": 4})
    assert torch.equal(torch.get_rng_state(), before)
