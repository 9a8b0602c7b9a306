"""RoBERTa at the real length of a text: last-layer features, no padding."""

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn
from transformers import RobertaConfig, RobertaModel
from transformers.models.roberta.modeling_roberta import RobertaLayer

from sseft.config import TextConfig


class TextEncoder(nn.Module):
    """transformers' RobertaModel without its pooler."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.first_position = config.pad_id + 1
        self.roberta = RobertaModel(
            RobertaConfig(
                vocab_size=config.vocab_size,
                hidden_size=config.dim,
                intermediate_size=config.ffn_dim,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                max_position_embeddings=config.max_tokens + self.first_position,
                type_vocab_size=1,
                layer_norm_eps=config.norm_eps,
                pad_token_id=config.pad_id,
                bos_token_id=config.bos_id,
                eos_token_id=config.eos_id,
                attn_implementation="sdpa",  # type: ignore[call-arg]  # taken by its base class
            ),
            add_pooling_layer=False,
        )

    def forward(self, ids: Tensor, real: Tensor | None = None) -> Tensor:
        """Features of K maskings of one text, or of K padded texts.

        Args:
            ids: int64 [K, L], `<s>` first and `</s>` last.
            real: bool [K, L], False for padding; None where nothing is padded.

        Returns:
            float32 [K, L, d_t].
        """
        # RobertaModel would derive positions from pad ids, which masked copies of one text don't have.
        positions = torch.arange(ids.shape[1], device=ids.device) + self.first_position
        embedded = self.roberta.embeddings(input_ids=ids, position_ids=positions.expand(ids.shape[0], -1))
        mask = None if real is None else real[:, None, None]
        # Rows in a matrix, as in `sseft.fusion`; only attention sees which belong together.
        rows: Tensor = embedded.flatten(0, 1)
        for layer in cast("Iterable[RobertaLayer]", self.roberta.encoder.layer):
            attended, _ = layer.attention.self(rows.view_as(embedded), mask)
            rows = layer.attention.output(attended.view_as(rows), rows)
            rows = layer.output(layer.intermediate(rows), rows)
        return rows.view_as(embedded)
