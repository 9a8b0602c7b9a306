"""RoBERTa from fairseq's `model.pt`, with its older and newer names, or from a folder of transformers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import torch

from sseft.config import TextConfig
from sseft.pickles import CheckpointError
from sseft.presets import TEXT_PRESETS
from sseft.weights import Rule, Weights, third

PREFIXES: Final = ("decoder.sentence_encoder.", "encoder.sentence_encoder.")
"""The older and the newer name of what the model is in fairseq's checkpoints."""
BUILT: Final = {"activation_fn": "gelu"}
"""What `sseft.text.TextEncoder` is, by the names of fairseq's arguments."""
_LAYER: Final = r"roberta\.encoder\.layer\.(\d+)\."
_PART: Final = r"\.(weight|bias)"


def _projections() -> Sequence[Rule]:
    """Queries, keys and values: one matrix in older files, three in newer ones."""
    rules = []
    for index, name in enumerate(("query", "key", "value")):
        ours = rf"{_LAYER}attention\.self\.{name}{_PART}"
        rules.append(Rule(ours, r"layers.\1.self_attn.in_proj_\2", third(index)))
        rules.append(Rule(ours, rf"layers.\1.self_attn.{name[0]}_proj.\2"))
    return rules


ROBERTA_RULES: Final = (
    Rule(r"roberta\.embeddings\.word_embeddings\.weight", "embed_tokens.weight"),
    Rule(r"roberta\.embeddings\.position_embeddings\.weight", "embed_positions.weight"),
    # transformers adds a segment embedding, which the original doesn't have.
    Rule(
        r"roberta\.embeddings\.token_type_embeddings\.weight",
        "embed_tokens.weight",
        lambda tokens: torch.zeros_like(tokens[:1]),
    ),
    Rule(rf"roberta\.embeddings\.LayerNorm{_PART}", r"emb_layer_norm.\1"),
    Rule(rf"roberta\.embeddings\.LayerNorm{_PART}", r"layernorm_embedding.\1"),
    *_projections(),
    Rule(rf"{_LAYER}attention\.output\.dense{_PART}", r"layers.\1.self_attn.out_proj.\2"),
    Rule(rf"{_LAYER}attention\.output\.LayerNorm{_PART}", r"layers.\1.self_attn_layer_norm.\2"),
    Rule(rf"{_LAYER}intermediate\.dense{_PART}", r"layers.\1.fc1.\2"),
    Rule(rf"{_LAYER}output\.dense{_PART}", r"layers.\1.fc2.\2"),
    Rule(rf"{_LAYER}output\.LayerNorm{_PART}", r"layers.\1.final_layer_norm.\2"),
)


def sentence_encoder(weights: Weights) -> Weights:
    """The part of a file of fairseq's that is the encoder, by its older or newer name."""
    found = (weights.below(prefix) for prefix in PREFIXES)
    return next((encoder for encoder in found if "embed_tokens.weight" in encoder), weights.below(PREFIXES[0]))


def text_config(encoder: Weights, heads: int | None) -> TextConfig:
    """Dimensions of a file that doesn't hold them.

    Args:
        encoder: its weights.
        heads: of its attention: by default those of the named model of its width and depth.

    Raises:
        CheckpointError: a weight is missing or no table, its layers are others, or no named model is as wide and
            deep and no heads are given.
    """
    if "layer_norm.weight" in encoder:
        raise CheckpointError(f"{encoder.path} holds a RoBERTa that normalises before its layers; none is built here")
    vocab_size, dim = encoder.shape("embed_tokens.weight", 2)
    positions, _ = encoder.shape("embed_positions.weight", 2)
    ffn_dim, _ = encoder.shape("layers.0.fc1.weight", 2)
    layers = encoder.count("layers.")
    if heads is None:
        named = {(preset.dim, preset.layers): preset.heads for preset in TEXT_PRESETS.values()}
        heads = named.get((dim, layers))
    if heads is None:
        raise CheckpointError(
            f"{encoder.path} holds a RoBERTa of {layers} layers of {dim} features, which is none of "
            f"{', '.join(TEXT_PRESETS)}, and not how many attention heads it has; say so by --text-heads"
        )
    config = TextConfig(vocab_size, dim, ffn_dim, layers, heads, mask_id=vocab_size - 1)
    # Positions begin after the padding's.
    return replace(config, max_tokens=positions - config.pad_id - 1)
