"""bAaT: its tokens, its blocks, and what no part of it may depend on."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tutelage.errors import BadInputError
from tutelage.networks import BAaT, RssBatch, build_network, check_network, network_spec
from tutelage.networks.baat import Anchor2Vec, Block, Encoder

SMALL = {"tokens": 6, "d_e": 16, "blocks": 2, "heads": 4, "d_feed_forward": 24}


def scans_of(dense: Tensor) -> RssBatch:
    """The readings of a dense batch [B, n_ap] that are not 0."""
    row, column = dense.nonzero(as_tuple=True)
    before = (row[None, :] < torch.arange(len(dense))[:, None]).sum(dim=1)
    return RssBatch(column, dense[row, column], before, dense.shape[1])


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def some_scans(n: int = 3, n_ap: int = 30, seed: int = 0) -> Tensor:
    drawn = torch.rand(n, n_ap, generator=torch.Generator().manual_seed(seed))
    return drawn * (drawn > 0.7)


def by_norm(x: Tensor, norm: nn.LayerNorm) -> Tensor:
    """Layer normalisation from its definition."""
    centred = x - x.mean(dim=-1, keepdim=True)
    return norm.weight * centred / (centred.square().mean(dim=-1, keepdim=True) + norm.eps).sqrt() + norm.bias


def pytorchs(block: Block, d: int, heads: int, d_feed_forward: int) -> nn.TransformerEncoderLayer:
    """PyTorch's own pre-norm block with the weights of ours."""
    layer = nn.TransformerEncoderLayer(
        d, heads, d_feed_forward, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    up, _, down = block.dense
    own = {
        "self_attn.in_proj_weight": torch.cat([block.query.weight, block.key_value.weight]),
        "self_attn.in_proj_bias": torch.cat([block.query.bias, block.key_value.bias]),
    }
    for name, part in (
        ("self_attn.out_proj", block.answer),
        ("linear1", up),
        ("linear2", down),
        ("norm1", block.attention_norm),
        ("norm2", block.dense_norm),
    ):
        own |= {f"{name}.{key}": value.detach() for key, value in part.named_parameters()}
    layer.load_state_dict(own)
    return layer


def randomised(module: nn.Module) -> nn.Module:
    """With norms that are no identity, so that their place matters."""
    torch.manual_seed(1)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module.eval()


@pytest.mark.parametrize("chosen", [{}, SMALL, SMALL | {"dropout": 0.5, "blocks": 1}])
def test_baat_keeps_the_contract(chosen: dict[str, float]) -> None:
    check_network("baat", chosen)


def test_representation_of_the_framer_is_64_tokens_and_a_class_token() -> None:
    network = build_network("baat", 30)
    out = network(scans_of(some_scans()))
    assert [list(z.shape) for z in out] == [[3, 65, 128], [3, 128], [3, 2]]
    assert network.settings == {
        "tokens": 64,
        "d_e": 128,
        "blocks": 3,
        "heads": 8,
        "d_feed_forward": 512,
        "dropout": 0.1,
    }


def test_weights_of_520_access_points_are_those_counted_by_hand() -> None:
    found = [sum(p.numel() for p in part.parameters()) for part in BAaT(520).children()]
    framer = (520 * 64 * 128 + 64 * 128) + 128 + 65 * 128  # Anchor2Vec, class token, positions
    attention, dense, norms = 4 * (128 * 128 + 128), (128 * 512 + 512) + (512 * 128 + 128), 2 * 2 * 128
    assert found == [framer, 3 * (attention + dense + norms) + 2 * 128, 128 * 2 + 2]


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(BadInputError, match="heads = 5 does not divide d_e = 16; choose a divisor"):
        build_network("baat", 30, SMALL | {"heads": 5})


def test_functional_information_is_refused_with_the_reason() -> None:
    assert "not Lipschitz" in network_spec("baat").no_functional_information


# -- the Framer ---------------------------------------------------------------------------------------


def test_tokens_are_one_dense_product_with_class_token_and_positions() -> None:
    framer = randomised(Anchor2Vec(30, 6, 16))
    assert isinstance(framer, Anchor2Vec)
    dense = some_scans()
    tokens = (dense @ framer.embedding.weight + framer.embedding.bias).reshape(3, 6, 16)
    expected = torch.cat([framer.class_token.repeat(3, 1, 1), tokens], dim=1) + framer.position
    torch.testing.assert_close(framer(scans_of(dense)), expected)


def test_access_points_that_are_not_heard_are_not_read() -> None:
    framer = Anchor2Vec(30, 6, 16)
    dense = some_scans()
    unheard = ~(dense > 0).any(dim=0)
    before = framer(scans_of(dense))
    with torch.no_grad():
        framer.embedding.weight[unheard] = float("nan")  # would spread, were they multiplied by 0
    assert torch.equal(framer(scans_of(dense)), before)


@settings(max_examples=20)
@given(st.permutations(range(12)), st.integers(0, 1000))
def test_access_points_permute_with_their_columns(order: list[int], seed: int) -> None:
    network = build_network("baat", 12, SMALL).eval()
    moved = build_network("baat", 12, SMALL).eval()
    weights = network.state_dict()
    weights["module.framer.embedding.weight"] = weights["module.framer.embedding.weight"][order]
    moved.load_state_dict(weights)
    dense = some_scans(n_ap=12, seed=seed)
    found = moved(scans_of(dense[:, order])).position
    torch.testing.assert_close(found, network(scans_of(dense)).position)


# -- the Extractor ------------------------------------------------------------------------------------


def test_block_is_pytorchs_pre_norm_block() -> None:
    block = randomised(Block(16, 4, 24, dropout=0.5))
    assert isinstance(block, Block)
    tokens = numbers(3, 7, 16)
    expected = pytorchs(block, 16, 4, 24).train()(tokens)  # in evaluation it would take its fused path
    torch.testing.assert_close(block(tokens, n_answers=7), expected)


def test_answer_of_the_first_tokens_is_that_of_all_cut_short() -> None:
    block = randomised(Block(16, 4, 24, dropout=0.1))
    tokens = numbers(3, 7, 16)
    for n in (1, 4):
        torch.testing.assert_close(block(tokens, n_answers=n), block(tokens, n_answers=7)[:, :n])


def test_extractor_answers_as_if_every_block_ran_over_all_tokens() -> None:
    encoder = randomised(Encoder(3, 16, 4, 24, dropout=0.1))
    assert isinstance(encoder, Encoder)
    z = tokens = numbers(3, 7, 16)
    for block in encoder.blocks:
        assert isinstance(block, Block)
        z = pytorchs(block, 16, 4, 24).train()(z)
    torch.testing.assert_close(encoder(tokens), by_norm(z, encoder.norm)[:, 0])


def test_blocks_are_norm_first_with_shortcuts_around() -> None:
    block = Block(16, 4, 24, dropout=0.1).eval()
    for part in (block.answer, block.dense[2]):
        assert isinstance(part, nn.Linear)
        nn.init.zeros_(part.weight)
        nn.init.zeros_(part.bias)
    tokens = 5 * numbers(3, 7, 16) + 2
    assert torch.equal(block(tokens, n_answers=7), tokens)  # a norm behind the shortcut would change them


def test_dropout_acts_in_training_alone() -> None:
    block = Block(16, 4, 24, dropout=0.5)
    tokens = numbers(3, 7, 16)
    assert not torch.equal(block(tokens, n_answers=7), block(tokens, n_answers=7))
    block.eval()
    assert torch.equal(block(tokens, n_answers=7), block(tokens, n_answers=7))
