"""CNNLoc: the layers of the authors' files, counted by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tutelage.errors import BadInputError
from tutelage.networks import CNNLoc, RssBatch, build_network, check_network, network_spec

SCANS = RssBatch(torch.tensor([3, 7, 2]), torch.tensor([0.5, 1.0, 0.25]), torch.tensor([0, 2]), 30)


def n_weights(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def shapes_through(part: nn.Module, kind: type[nn.Module]) -> list[list[int]]:
    """Shapes that leave each layer of a kind, filled in when the part is called."""
    shapes: list[list[int]] = []

    def note(_: nn.Module, __: object, out: Tensor) -> None:
        shapes.append(list(out.shape[1:]))

    for layer in part.modules():
        if isinstance(layer, kind):
            layer.register_forward_hook(note)
    return shapes


@pytest.mark.parametrize("settings", [{}, {"dropout": 0.0}])
def test_cnnloc_keeps_the_contract(settings: dict[str, float]) -> None:
    check_network("cnnloc", settings)


def test_encoder_gives_64_units_and_the_convolutions_33() -> None:
    network = build_network("cnnloc", 30)
    assert [list(out.shape) for out in network(SCANS)] == [[2, 64], [2, 33], [2, 2]]
    assert network.d_e(30) == 33


def test_convolutions_of_kernel_22_shorten_64_to_43_22_1() -> None:
    network = build_network("cnnloc", 30)
    shapes = shapes_through(network.part("extractor"), nn.Conv1d)
    before = shapes_through(network.part("extractor"), nn.Unflatten)
    network(SCANS)
    assert before == [[1, 64]]
    assert shapes == [[99, 43], [66, 22], [33, 1]]
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv1d)]
    assert {(layer.kernel_size, layer.stride, layer.padding) for layer in layers} == {((22,), (1,), (0,))}


def test_every_hidden_layer_is_followed_by_elu_and_dropout_is_70_percent() -> None:
    module = CNNLoc(30)
    names = [[type(layer).__name__ for layer in part] for part in (module.framer, module.extractor)]
    assert names[0] == ["SparseLinear", "ELU", "Linear", "ELU"]
    assert names[1] == ["Dropout", "Unflatten", "Conv1d", "ELU", "Conv1d", "ELU", "Conv1d", "ELU", "Flatten"]
    assert module.extractor[0].p == 0.7


def test_weights_of_520_access_points_are_those_counted_by_hand() -> None:
    module = CNNLoc(520)
    assert n_weights(module.framer) == (520 * 128 + 128) + (128 * 64 + 64)
    assert n_weights(module.extractor) == (
        (1 * 22 * 99 + 99) + (99 * 22 * 66 + 66) + (66 * 22 * 33 + 33)  # kernel over all channels, biases
    )
    assert n_weights(module.regressor) == 33 * 2 + 2
    assert n_weights(module) == 74_944 + 194_040 + 68


def test_autoencoder_mirrors_the_encoder_and_shares_it() -> None:
    module = CNNLoc(30)
    learner = module.pretraining()
    assert n_weights(learner) == n_weights(module.framer) + (64 * 128 + 128) + (128 * 30 + 30)
    shared = {id(p) for p in learner.parameters()} & {id(p) for p in module.parameters()}
    assert shared == {id(p) for p in module.framer.parameters()}


def test_reconstruction_loss_is_the_mean_square_over_all_access_points() -> None:
    module = CNNLoc(30)
    learner = module.pretraining()
    decoder = learner.decoder
    assert isinstance(decoder, nn.Module)
    for parameter in decoder.parameters():
        nn.init.zeros_(parameter)  # reconstructs nothing: what is heard is what is left
    assert learner(SCANS).item() == pytest.approx((0.5**2 + 1.0**2 + 0.25**2) / (2 * 30))


def test_both_recipes_read_rss_from_95_dbm_below_zero() -> None:
    recipes = network_spec("cnnloc").recipes
    assert [recipes[name]["rss_min_dbm"] for name in ("paper", "default")] == [-95.0, -95.0]


def test_dropout_of_everything_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"dropout = 1\.0: input should be less than 1"):
        build_network("cnnloc", 30, {"dropout": 1.0})
