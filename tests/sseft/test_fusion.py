from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from sseft.config import FusionConfig
from sseft.fusion import InterModalityAttention, InterModalityBlock, SelfAttentionBlock, SequenceEncoder

DIM, OTHER_DIM, HEADS = 12, 20, 4
CONFIG = FusionConfig(ffn_dim=24, heads=HEADS, self_layers=2, cross_layers=3)


@pytest.fixture(scope="module")
def randomised():
    """A module in float64 and eval mode, every parameter drawn, norms and biases too."""

    def draw(module):
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.normal_(0, 0.5, generator=generator)
        return module.double().eval()

    return draw


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def assert_equal_but_for_rounding(got, expected):
    torch.testing.assert_close(got, expected, rtol=1e-11, atol=1e-11)


def second_half(block, x, attended):
    """Post-norm: LN1(x + attended), then LN2 of it plus its feed-forward."""
    x = block.norm(x + attended)
    ff = block.feed_forward
    return ff.norm(x + ff.fc2(functional.gelu(ff.fc1(x))))


def full_inter_modality_block(block, query, other, key_bias):
    """The original's block: all queries [1, L, d], keys projected one by one and with their bias."""
    attended, _ = functional.multi_head_attention_forward(
        query.transpose(0, 1),
        other.transpose(0, 1),
        other.transpose(0, 1),
        DIM,
        HEADS,
        None,
        torch.cat([block.query.bias, key_bias, block.value.bias]),
        None,
        None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=block.out_proj.weight,
        out_proj_bias=block.out_proj.bias,
        training=False,
        use_separate_proj_weight=True,
        q_proj_weight=block.query.weight,
        k_proj_weight=block.key.weight,
        v_proj_weight=block.value.weight,
    )
    return second_half(block, query, attended.transpose(0, 1))


@pytest.mark.parametrize(("queries", "others", "length"), [(1, 1, 1), (1, 1, 9), (5, 3, 9)])
def test_folded_keys_and_one_query_equal_full_attention_whatever_the_key_bias(randomised, queries, others, length):
    block = randomised(InterModalityBlock(DIM, OTHER_DIM, CONFIG))
    cls, other = draw(others, queries, DIM), draw(others, length, OTHER_DIM, seed=1)
    got = block(cls, other)
    key_bias = draw(DIM, seed=2)
    for y in range(others):
        for x in range(queries):
            sequence = torch.cat([cls[y, x][None], draw(4, DIM, seed=3)])[None]
            expected = full_inter_modality_block(block, sequence, other[y][None], key_bias)
            assert_equal_but_for_rounding(got[y, x], expected[0, 0])


def test_a_stack_gives_the_cls_of_the_full_stack_for_every_pair_of_maskings(randomised):
    stack = randomised(InterModalityAttention(DIM, OTHER_DIM, CONFIG))
    x, y = draw(4, 6, DIM), draw(3, 7, OTHER_DIM, seed=1)
    got = stack(x, y)
    assert got.shape == (4, 3, DIM)
    for i in range(4):
        for j in range(3):
            sequence = x[i][None]
            for block in stack.blocks:
                sequence = full_inter_modality_block(block, sequence, y[j][None], torch.zeros(DIM).double())
            assert_equal_but_for_rounding(got[i, j], sequence[0, 0])


def full_self_attention_block(block, x):
    attention = nn.MultiheadAttention(DIM, HEADS, batch_first=True).double().eval()
    attention.load_state_dict(
        {
            "in_proj_weight": block.in_proj.weight,
            "in_proj_bias": block.in_proj.bias,
            "out_proj.weight": block.out_proj.weight,
            "out_proj.bias": block.out_proj.bias,
        }
    )
    return second_half(block, x, attention(x, x, x, need_weights=False)[0])


@pytest.mark.parametrize("length", [1, 2, 11])
def test_self_attention_equals_pytorch_s(randomised, length):
    block = randomised(SelfAttentionBlock(DIM, CONFIG))
    x = draw(3, length, DIM)
    assert_equal_but_for_rounding(block(x), full_self_attention_block(block, x))


@pytest.mark.parametrize("frames", [0, 1, 5])
def test_a_sequence_is_cls_and_frames_at_their_positions_through_norm_and_blocks(randomised, frames):
    encoder = randomised(SequenceEncoder(DIM, 5, CONFIG))
    features = draw(2, frames, DIM)
    x = torch.stack([torch.cat([encoder.cls[None], sequence]) for sequence in features])
    x = functional.layer_norm(x + encoder.positions[: frames + 1], (DIM,), encoder.norm.weight, encoder.norm.bias)
    for block in encoder.blocks:
        x = full_self_attention_block(block, x)
    got = encoder(features)
    assert got.shape == (2, frames + 1, DIM)
    assert_equal_but_for_rounding(got, x)


@pytest.mark.parametrize("kind", ["within", "between"])
def test_attention_weights_drop_out_in_training_alone(kind):
    torch.manual_seed(0)
    config = replace(CONFIG, dropout=0.0, attention_dropout=0.5)
    x, y = torch.randn(1, 4, 2 * HEADS), torch.randn(1, 5, 3 * HEADS)
    if kind == "within":
        block, given = SelfAttentionBlock(2 * HEADS, config), (x,)
    else:
        block, given = InterModalityBlock(2 * HEADS, 3 * HEADS, config), (x[:, :1], y)
    first, second = block(*given), block(*given)
    assert not torch.equal(first, second)
    block.eval()
    assert torch.equal(block(*given), block(*given))
