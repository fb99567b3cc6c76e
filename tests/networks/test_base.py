"""Registering networks, their settings, and a network seen through the contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tutelage.errors import BadInputError, UnknownNameError
from tutelage.networks import NetworkSpec, RssBatch, build_network, network_names, network_spec

Register = Callable[..., NetworkSpec]
SCANS = RssBatch(torch.tensor([0, 4, 2]), torch.tensor([0.5, 1.0, 0.25]), torch.tensor([0, 2]), 5)


class Linear3(nn.Module):
    """A user's network: dense input, three linear parts."""

    def __init__(self, n_ap: int, *, width: int, bias: bool = True) -> None:
        super().__init__()
        self.front = nn.Linear(n_ap, width, bias=bias)
        self.body = nn.Linear(width, 4)
        self.head = nn.Linear(4, 2)


def test_registered_network_is_known_by_name(register: Register) -> None:
    spec = register("mine", Linear3)
    assert network_spec("mine") is spec
    assert {"dnn", "mine"} <= set(network_names())


def test_registering_a_name_twice_is_refused(register: Register) -> None:
    register("mine", Linear3)
    with pytest.raises(BadInputError, match="'mine' is registered already; choose another"):
        register("mine", Linear3)


def test_recipe_that_does_not_exist_is_refused_when_registering(register: Register) -> None:
    with pytest.raises(UnknownNameError, match=r"recipe for network 'mine' 'defualt'\. Did you mean default"):
        register("mine", Linear3, recipes={"defualt": {"learning_rate": 1e-4}})
    assert "mine" not in network_names()


def test_unknown_network_suggests_near_misses() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown network 'DNM'\. Did you mean dnn\?"):
        build_network("DNM", 5)


def test_missing_part_is_named_with_the_parts_there_are(register: Register) -> None:
    register("mine", Linear3, regressor="tail")
    with pytest.raises(BadInputError, match=r"part 'tail', but Linear3 has no.*front, body, head"):
        build_network("mine", 5, {"width": 3})


def test_forward_keeps_the_output_of_each_part(register: Register) -> None:
    register("mine", Linear3)
    network = build_network("mine", 5, {"width": 3})
    module = network.module
    assert isinstance(module, Linear3)
    z_f = module.front(SCANS.dense())
    out = network(SCANS)
    torch.testing.assert_close(out.z_f, z_f)
    torch.testing.assert_close(out.z_e, module.body(z_f))
    torch.testing.assert_close(out.position, module.head(module.body(z_f)))
    assert network.part("regressor") is module.head


def test_sparse_input_reaches_the_framer_as_it_is(register: Register) -> None:
    class Remembering(nn.Linear):
        def forward(self, scans: RssBatch) -> Tensor:  # type: ignore[override]
            self.seen: RssBatch = scans
            return super().forward(scans.dense())

    class SparseLinear3(Linear3):
        def __init__(self, n_ap: int) -> None:
            super().__init__(n_ap, width=3)
            self.front = Remembering(n_ap, 3)

    register("mine", SparseLinear3, sparse_input=True)
    network = build_network("mine", 5)
    network(SCANS)
    framer = network.part("framer")
    assert isinstance(framer, Remembering)
    assert framer.seen is SCANS


def test_d_e_is_measured_without_leaving_training_mode(register: Register) -> None:
    register("mine", Linear3)
    network = build_network("mine", 5, {"width": 3})
    assert network.d_e(5) == 4
    assert network.training


# -- settings -----------------------------------------------------------------------------------


def test_settings_are_the_keyword_parameters_with_their_defaults(register: Register) -> None:
    spec = register("mine", Linear3)
    assert spec.settings({"width": 3}) == {"width": 3, "bias": True}
    assert build_network("mine", 5, {"width": 3, "bias": False}).settings == {"width": 3, "bias": False}


def test_unknown_setting_suggests_near_misses() -> None:
    with pytest.raises(UnknownNameError, match=r"setting of network 'dnn' 'widht'\. Did you mean width"):
        build_network("dnn", 5, {"widht": 3})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": "wide"}, "setting of network 'mine' width = 'wide': input should be a valid integer"),
        ({"width": 3, "bias": "perhaps"}, "bias = 'perhaps': input should be a valid boolean"),
        ({}, "width"),
    ],
    ids=["integer", "boolean", "required"],
)
def test_setting_of_the_wrong_type_is_refused(
    register: Register, settings: dict[str, Any], message: str
) -> None:
    register("mine", Linear3)
    with pytest.raises(BadInputError, match=message):
        build_network("mine", 5, settings)


class Several(Linear3):
    """A user's network with a setting of several values."""

    def __init__(self, n_ap: int, *, widths: tuple[int, ...] = (3,)) -> None:
        super().__init__(n_ap, width=widths[0])


@pytest.mark.parametrize("given", [(4, 5), [4, 5], "4,5", "4, 5"])
def test_setting_of_several_values_can_be_written_with_commas(register: Register, given: Any) -> None:
    spec = register("mine", Several)
    assert spec.settings({"widths": given})["widths"] == (4, 5)
    assert spec.settings({"widths": "4"})["widths"] == (4,)
