"""What SSE-FT adds to its three encoders: CLS, self-attention, inter-modality attention, the head."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from sseft.config import FusionConfig


class FeedForward(nn.Module):
    """The second half of every block: LN(x + fc2(gelu(fc1(x)))).

    Rows stand in matrices: their products take the bias along, and ONNX Runtime fuses a sum and the norm after it
    for [K, L, d] only, into a kernel that is slower than both.
    """

    def __init__(self, dim: int, ffn_dim: int, dropout: float) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, ffn_dim)
        self.fc2 = nn.Linear(ffn_dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """[..., d] to [..., d]."""
        rows = x.flatten(0, -2)
        out: Tensor = self.norm(rows + self.dropout(self.fc2(functional.gelu(self.fc1(rows)))))
        return out.view_as(x)


class SelfAttentionBlock(nn.Module):
    """Post-norm self-attention over one modality's frames."""

    def __init__(self, dim: int, config: FusionConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attention_dropout = config.attention_dropout
        self.in_proj = nn.Linear(dim, 3 * dim)
        self.out_proj = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(config.dropout)
        self.feed_forward = FeedForward(dim, config.ffn_dim, config.dropout)

    def forward(self, x: Tensor, real: Tensor | None = None) -> Tensor:
        """[K, L, d] to [K, L, d]; `real` bool [K, L] says what is no padding, None that nothing is."""
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.in_proj(x).chunk(3, -1))
        mask = None if real is None else real[:, None, None]
        dropout = self.attention_dropout if self.training else 0.0
        attended = functional.scaled_dot_product_attention(q, k, v, mask, dropout).transpose(1, 2).flatten(2)
        attended = attended.flatten(0, 1)
        out: Tensor = self.feed_forward(self.norm(x.flatten(0, 1) + self.dropout(self.out_proj(attended))))
        return out.view_as(x)


class SequenceEncoder(nn.Module):
    """A learned CLS in front of one modality's features, positions, layer norm, self-attention blocks."""

    def __init__(self, dim: int, max_frames: int, config: FusionConfig) -> None:
        super().__init__()
        self.cls = nn.Parameter(torch.zeros(dim))
        self.positions = nn.Parameter(torch.zeros(1 + max_frames, dim))
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(SelfAttentionBlock(dim, config) for _ in range(config.self_layers))

    def forward(self, features: Tensor, real: Tensor | None = None) -> Tensor:
        """Encode K maskings of one sequence, or K padded sequences.

        Args:
            features: float32 [K, F, d]; F may be 0.
            real: bool [K, F + 1], False for padding, CLS first; None where nothing is padded.

        Returns:
            float32 [K, F + 1, d], CLS first.
        """
        x = torch.cat([self.cls.expand(features.shape[0], 1, -1), features], dim=1)
        positions = self.positions.index_select(0, torch.arange(x.shape[1], device=x.device))
        x = self.dropout(self.norm(x + positions))
        for block in self.blocks:
            x = block(x, real)
        encoded: Tensor = x
        return encoded


class InterModalityBlock(nn.Module):
    """Attention of one modality's CLS to all positions of another's encoding.

    Keys and values are never projected one by one. With q = Wq x, head h scores position l with
    (Wk_h^T q_h) . y_l (the key bias cancels in the softmax) and returns Wv_h (sum_l a_l y_l) + bv_h.
    See `docs/model.md`, "Inter-modality attention with one query".
    """

    def __init__(self, dim: int, other_dim: int, config: FusionConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.attention_dropout = nn.Dropout(config.attention_dropout)
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(other_dim, dim, bias=False)
        self.value = nn.Linear(other_dim, dim)
        self.out_proj = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(config.dropout)
        self.feed_forward = FeedForward(dim, config.ffn_dim, config.dropout)

    def forward(self, cls: Tensor, other: Tensor, real: Tensor | None = None) -> Tensor:
        """Let each of X queries attend to each of Y sequences.

        Args:
            cls: float32 [Y or 1, X, d]: 1 where the queries don't depend on the sequence yet.
            other: float32 [Y, L, d'].
            real: bool [Y, L], False for padding; None where nothing is padded.

        Returns:
            float32 [Y, X, d].
        """
        dim = cls.shape[-1]
        per_head = (self.heads, dim // self.heads)
        query = self.query(cls).unflatten(-1, per_head) * per_head[1] ** -0.5
        folded = torch.einsum("yxhd,hdk->yxhk", query, self.key.weight.unflatten(0, per_head))
        scores = folded.flatten(1, 2) @ other.transpose(1, 2)
        if real is not None:
            scores = scores.masked_fill(~real.unsqueeze(1), -torch.inf)
        weights = self.attention_dropout(torch.softmax(scores, -1))
        mixed = (weights @ other).unflatten(1, (-1, self.heads))
        attended = torch.einsum("yxhk,hdk->yxhd", mixed, self.value.weight.unflatten(0, per_head)).flatten(2)
        attended = self.out_proj(attended + self.value.bias)
        out: Tensor = self.feed_forward(self.norm(cls + self.dropout(attended)))
        return out


class InterModalityAttention(nn.Module):
    """A stack of blocks in one direction: what modality x makes of modality y."""

    def __init__(self, dim: int, other_dim: int, config: FusionConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(InterModalityBlock(dim, other_dim, config) for _ in range(config.cross_layers))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The inter-modality term of every pair of maskings.

        Args:
            x: float32 [K_x, L_x, d_x], the querying modality's encoding, CLS first.
            y: float32 [K_y, L_y, d_y], the other's.

        Returns:
            float32 [K_x, K_y, d_x].
        """
        cls = x[:, 0].unsqueeze(0)
        for block in self.blocks:
            cls = block(cls, y)
        return cls.transpose(0, 1)

    def aligned(self, x: Tensor, y: Tensor, real: Tensor | None = None) -> Tensor:
        """The inter-modality term of B clips: each with itself, instead of each with all.

        Args:
            x: float32 [B, L_x, d_x], CLS first.
            y: float32 [B, L_y, d_y], CLS first.
            real: bool [B, L_y], False for padding; None where nothing is padded.

        Returns:
            float32 [B, d_x].
        """
        cls = x[:, :1]
        for block in self.blocks:
            cls = block(cls, y, real)
        return cls[:, 0]


class Head(nn.Module):
    """The classifier on the joint vector."""

    def __init__(self, joint_dim: int, logits: int) -> None:
        super().__init__()
        self.dense = nn.Linear(joint_dim, joint_dim)
        self.out_proj = nn.Linear(joint_dim, logits)

    def forward(self, joint: Tensor) -> Tensor:
        """[..., joint_dim] to logits [..., logits]."""
        logits: Tensor = self.out_proj(torch.tanh(self.dense(joint)))
        return logits
