"""Inter-modality attention whose weights are multiplied beforehand."""

import pytest
import torch

from export.folded import FoldedAttention, FoldedBlock, cheapest
from sseft.config import FusionConfig
from sseft.fusion import InterModalityAttention, InterModalityBlock

WIDE, NARROW = 24, 8


@pytest.fixture
def attention():
    """A stack in eval mode, every parameter drawn, norms and biases too."""

    def draw(dim, other_dim, heads, blocks):
        stack = InterModalityAttention(dim, other_dim, FusionConfig(16, heads, 1, blocks))
        generator = torch.Generator().manual_seed(0)
        for parameter in stack.parameters():
            parameter.normal_(0, 0.5, generator=generator)
        return stack.eval()

    return draw


def encodings(dim, other_dim):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(4, 6, dim, generator=generator), torch.randn(3, 5, other_dim, generator=generator)


@pytest.mark.parametrize(("dim", "other_dim"), [(WIDE, NARROW), (NARROW, WIDE)])
@pytest.mark.parametrize("heads", [1, 2, 4])
def test_a_folded_block_returns_what_the_block_returns(attention, dim, other_dim, heads):
    (block,) = attention(dim, other_dim, heads, 1).double().blocks
    cls, other = (x.double() for x in encodings(dim, other_dim))
    queries = cls[:, 0].unsqueeze(0)
    torch.testing.assert_close(FoldedBlock(block).double()(queries, other), block(queries, other), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("dim", "other_dim"), [(WIDE, NARROW), (NARROW, WIDE)])
def test_a_folded_stack_gives_the_term_of_every_pair_of_maskings(attention, dim, other_dim):
    stack = attention(dim, other_dim, 2, 3)
    x, y = encodings(dim, other_dim)
    got = FoldedAttention(stack)(x, y)
    assert got.shape == (4, 3, dim)
    torch.testing.assert_close(got, stack(x, y), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("dim", "other_dim", "heads", "folds"),
    [(1024, 512, 2, True), (1024, 256, 4, True), (1024, 512, 4, False), (512, 1024, 2, False), (8, 24, 1, True)],
)
def test_a_block_is_folded_where_fewer_numbers_then_meet_each_pair(attention, dim, other_dim, heads, folds):
    (block,) = attention(dim, other_dim, heads, 1).blocks
    kind = type(cheapest(block))
    assert kind is (FoldedBlock if folds else InterModalityBlock)
    unfolded = block.value.weight.numel() + block.out_proj.weight.numel()
    assert (FoldedBlock(block).value.weight.numel() <= unfolded) == folds
