"""Any network behind a building's own encoder: the contract, and what buildings share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from tutelage.errors import BadInputError
from tutelage.networks import (
    NETWORKS,
    NetworkSpec,
    RssBatch,
    SparseLinear,
    SpecializedNetwork,
    behind_encoder,
    build_network,
    check_network,
    encoder_of,
    network_spec,
    same_trunk,
    trunk_of,
)

WIDTH = 24
NAMES = ("dnn", "cnnloc", "bayescnn", "baat")
SCANS = RssBatch(torch.tensor([0, 4, 2, 1]), torch.tensor([0.5, 1.0, 0.25, 0.7]), torch.tensor([0, 2]), 5)


class DensePlugin(nn.Module):
    """A user's network that reads a dense tensor."""

    def __init__(self, n_ap: int) -> None:
        super().__init__()
        self.front, self.body, self.head = nn.Linear(n_ap, 6), nn.Tanh(), nn.Linear(6, 2)


@pytest.fixture(autouse=True)
def fixed_seed() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def encoded(name: str = "dnn", n_ap: int = 5) -> SpecializedNetwork:
    return SpecializedNetwork(behind_encoder(network_spec(name), WIDTH), n_ap)


@pytest.mark.parametrize("name", [*NAMES, "plugin"])
def test_encoded_network_keeps_the_contract(
    name: str, register: Callable[..., NetworkSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    register("plugin", DensePlugin)
    monkeypatch.setitem(NETWORKS.entries, "encoded", behind_encoder(network_spec(name), WIDTH))
    check_network("encoded")


@pytest.mark.parametrize("name", NAMES)
def test_gradient_reaches_encoder_and_trunk(name: str) -> None:
    network = encoded(name)
    network(SCANS).position.square().sum().backward()
    for part in (encoder_of(network), *trunk_of(network), network.part("regressor")):
        assert any(p.grad is not None and bool(p.grad.any()) for p in part.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_trunk_is_the_network_built_for_the_width_of_the_encoder(name: str) -> None:
    plain = build_network(name, WIDTH)
    network = encoded(name, n_ap=37)
    for part, expected in (
        (trunk_of(network)[0], plain.part("framer")),
        (trunk_of(network)[1], plain.part("extractor")),
        (network.part("regressor"), plain.part("regressor")),
    ):
        shapes = {key: value.shape for key, value in part.state_dict().items()}
        assert shapes == {key: value.shape for key, value in expected.state_dict().items()}


def test_answer_is_the_trunks_on_the_encoders_values() -> None:
    network = encoded()
    hidden = encoder_of(network)(SCANS)
    framer, extractor = trunk_of(network)
    expected = network.part("regressor")(extractor(framer(RssBatch.full(hidden))))
    assert hidden.shape == (2, WIDTH)
    torch.testing.assert_close(network(SCANS).position, expected)


def test_spec_stays_that_of_the_network() -> None:
    plain, spec = network_spec("baat"), behind_encoder(network_spec("baat"), WIDTH)
    assert (spec.name, spec.settings_model, spec.recipes) == (plain.name, plain.settings_model, plain.recipes)
    assert spec.no_functional_information == plain.no_functional_information
    assert (plain.encoder_width, spec.encoder_width) == (None, WIDTH)


def test_settings_of_the_trunk_are_checked() -> None:
    with pytest.raises(BadInputError, match="width"):
        SpecializedNetwork(behind_encoder(network_spec("dnn"), WIDTH), 5, {"width": 0})


# -- several buildings ----------------------------------------------------------------------------------


def test_buildings_share_trunk_and_regressor_and_have_their_own_encoder() -> None:
    one = encoded(n_ap=5)
    other = same_trunk(one, 9)
    assert trunk_of(other) == trunk_of(one)  # the very same modules
    assert other.part("regressor") is one.part("regressor")
    assert other.part("framer") is not one.part("framer")
    shapes = [tuple(p.shape for p in encoder_of(network).parameters()) for network in (one, other)]
    assert shapes == [((5, WIDTH), (WIDTH,)), ((9, WIDTH), (WIDTH,))]


def test_new_regressor_is_the_buildings_own_and_fresh() -> None:
    one = encoded()
    other = same_trunk(one, 9, new_regressor=True)
    assert trunk_of(other) == trunk_of(one)
    mine, theirs = (network.part("regressor").state_dict() for network in (one, other))
    assert mine.keys() == theirs.keys()
    assert not any(torch.equal(mine[key], theirs[key]) for key in mine)


def test_network_without_encoder_has_no_trunk_to_share() -> None:
    with pytest.raises(BadInputError, match="'dnn' stands behind no encoder"):
        same_trunk(build_network("dnn", 5), 9)


# -- dense values as scans that heard everything ----------------------------------------------------------


def test_full_batch_is_its_dense_form_in_value_and_gradient() -> None:
    values = torch.rand(3, 4, requires_grad=True)
    scans = RssBatch.full(values)
    assert (len(scans), scans.n_access_points) == (3, 4)
    upstream = torch.rand(3, 4)
    torch.testing.assert_close(scans.dense(), values)
    (gradient,) = torch.autograd.grad(scans.dense(), values, upstream)
    torch.testing.assert_close(gradient, upstream)


def test_sparse_linear_reads_a_full_batch_as_linear_does_in_any_order_of_readings() -> None:
    layer, values = SparseLinear(4, 3), torch.rand(5, 4)
    expected = values @ layer.weight + layer.bias
    scans = RssBatch.full(values)
    torch.testing.assert_close(layer(scans), expected)
    order = torch.cat([4 * i + torch.randperm(4) for i in range(5)])
    shuffled = RssBatch(scans.column[order], scans.value[order], scans.offset, 4)
    torch.testing.assert_close(layer(shuffled), expected)
