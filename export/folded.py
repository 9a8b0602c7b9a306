"""Inter-modality attention for a graph, the products of its weights taken once instead of in every pass."""

from typing import cast

import torch
from torch import Tensor, nn

from sseft.fusion import InterModalityAttention, InterModalityBlock


class FoldedBlock(nn.Module):
    """`InterModalityBlock` in eval mode, with one product before its attention and one after it.

    Head h scores by Wk_h^T Wq_h and returns by Wo_h Wv_h: matrices [d', d] and [d, d'], multiplied in float64.
    """

    def __init__(self, block: InterModalityBlock) -> None:
        super().__init__()
        dim, other_dim = block.value.out_features, block.value.in_features
        self.heads = block.heads
        self.query = nn.Linear(dim, self.heads * other_dim)
        self.value = nn.Linear(self.heads * other_dim, dim)
        self.norm, self.feed_forward = block.norm, block.feed_forward
        per_head = (self.heads, dim // self.heads)
        with torch.no_grad():
            query, key, value = (
                layer.weight.double().unflatten(0, per_head) for layer in (block.query, block.key, block.value)
            )
            query_bias = block.query.bias.double().unflatten(0, per_head)
            out = block.out_proj.weight.double()
            scale = per_head[1] ** -0.5
            self.query.weight.copy_(torch.einsum("hdk,hdi->hki", key, query).flatten(0, 1) * scale)
            self.query.bias.copy_(torch.einsum("hdk,hd->hk", key, query_bias).flatten() * scale)
            self.value.weight.copy_(torch.einsum("ohd,hdk->ohk", out.unflatten(1, per_head), value).flatten(1))
            self.value.bias.copy_(out @ block.value.bias.double() + block.out_proj.bias)

    def forward(self, cls: Tensor, other: Tensor) -> Tensor:
        """Let each of X queries, float32 [Y or 1, X, d], attend to each of Y sequences, [Y, L, d']: [Y, X, d]."""
        queries = self.query(cls).unflatten(-1, (self.heads, -1)).flatten(1, 2)
        mixed = torch.softmax(queries @ other.transpose(1, 2), -1) @ other
        rows = mixed.view(-1, self.heads * other.shape[2])
        attended = self.value(rows).view(other.shape[0], -1, cls.shape[2])
        out: Tensor = self.feed_forward(self.norm(cls + attended))
        return out


def cheapest(block: InterModalityBlock) -> nn.Module:
    """The block, folded where a pair of maskings then takes fewer multiplications: H d' d instead of d' d + d d."""
    dim, other_dim = block.value.out_features, block.value.in_features
    return FoldedBlock(block) if block.heads * other_dim <= other_dim + dim else block


class FoldedAttention(nn.Module):
    """`InterModalityAttention` in eval mode, each block in its cheapest form."""

    def __init__(self, attention: InterModalityAttention) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(cheapest(cast("InterModalityBlock", block)) for block in attention.blocks)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The inter-modality term of every pair of maskings, float32 [K_x, K_y, d_x], of their encodings [K, L, d]."""
        cls = x[:, 0].unsqueeze(0)
        for block in self.blocks:
            cls = block(cls, y)
        return cls.transpose(0, 1)
