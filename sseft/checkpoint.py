"""Checkpoints of the original SSE-FT code: read safely, renamed to this project's modules."""

import argparse
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from media.modality import MODALITIES, Modality
from sseft.config import AudioConfig, FusionConfig, ModelConfig, TextConfig, VideoConfig, term_name
from sseft.model import SSEFT

FUSION: Final = "decoder.sentence_encoder"
ROBERTA: Final = "model_text2vec.model.decoder.sentence_encoder"
WAV2VEC: Final = "model_wav2vec"
FABNET: Final = "model_vid2vec.encoder"
HEAD: Final = "classification_heads.emotion_classification_head"

ROBERTA_HEAD_DIM: Final = 64
"""RoBERTa's own head size, in both published models; the checkpoint doesn't record the head count."""


class CheckpointError(Exception):
    """A file that is no checkpoint of SSE-FT, or not one that this project can read."""


class _Meter:
    """Stands in for fairseq's training meters, which the original pickles into every checkpoint."""

    def __setstate__(self, state: object) -> None:
        """Forget what the meter measured."""


def read_checkpoint(path: Path) -> tuple[argparse.Namespace, dict[str, Tensor]]:
    """Read the arguments and weights of a checkpoint, executing nothing that it pickles.

    Args:
        path: a file that the original trainer saved, in torch's zip or its older serialisation.

    Raises:
        CheckpointError: the file can't be read, holds anything but tensors, containers, an argparse.Namespace
            and fairseq's meters, or lacks its weights or arguments.
    """
    meters = [(_Meter, f"fairseq.meters.{name}") for name in ("AverageMeter", "TimeMeter", "StopwatchMeter")]
    try:
        with torch.serialization.safe_globals([argparse.Namespace, *meters]):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes make the unpickler raise anything: KeyError, UnicodeDecodeError, ...
        raise CheckpointError(f"{path} can't be read as a checkpoint of SSE-FT: {_reason(error)}") from error
    if not isinstance(checkpoint, dict) or not {"args", "model"} <= checkpoint.keys():
        raise CheckpointError(f"{path} holds no 'args' and 'model'; give a file that the SSE-FT trainer saved")
    return checkpoint["args"], checkpoint["model"]


def _reason(error: Exception) -> str:
    """Why torch couldn't read a file. Its own words advise to load what it refuses without protection."""
    if isinstance(error, OSError | RuntimeError):
        return str(error)
    refused = re.search(r"GLOBAL (\S+)", str(error))
    return f"it pickles {refused[1]}, which none holds; don't trust it" if refused else "it is none, or it is damaged"


def load_sseft(path: Path, *, text_heads: int | None = None, labels: tuple[str, ...] | None = None) -> SSEFT:
    """The model of an original checkpoint, in eval mode.

    Args:
        path: the checkpoint.
        text_heads: attention heads of its RoBERTa, which the file doesn't hold: by default dim / 64.
        labels: names of its classes: by default MELD's seven.

    Raises:
        CheckpointError: it can't be read, or a weight is missing or has another shape than expected.
    """
    args, weights = read_checkpoint(path)
    try:
        config = _config(args, weights, text_heads)
        config = _labelled(config, labels, args.num_classes, path)
        model = SSEFT(config).eval()
        model.load_state_dict(_renamed(weights, config), strict=True)
    except KeyError as error:
        raise CheckpointError(f"{path} lacks the weight {error}") from error
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is no SSE-FT that this project can build: {error}") from error
    return model


def _labelled(config: ModelConfig, labels: tuple[str, ...] | None, classes: int, path: Path) -> ModelConfig:
    config = replace(config, labels=labels) if labels else config
    if len(config.labels) != classes:
        raise CheckpointError(f"{path} has {classes} classes and {len(config.labels)} labels; name its labels")
    return config


def _modalities(args: argparse.Namespace) -> tuple[Modality, ...]:
    """The modalities that the head sees; the last branch of the original's code wins."""
    if args.all_in:
        return MODALITIES
    flags: dict[Modality, bool] = {"text": args.t_only, "audio": args.a_only, "video": args.v_only}
    named = tuple(modality for modality in MODALITIES if flags[modality])
    return ("text", "video") if len(named) == len(MODALITIES) else named


def _config(args: argparse.Namespace, weights: Mapping[str, Tensor], text_heads: int | None) -> ModelConfig:
    vocab_size, dim = weights[f"{ROBERTA}.embed_tokens.weight"].shape
    text = TextConfig(
        vocab_size=vocab_size,
        dim=dim,
        ffn_dim=weights[f"{ROBERTA}.layers.0.fc1.weight"].shape[0],
        layers=_count(weights, f"{ROBERTA}.layers."),
        heads=text_heads or max(1, dim // ROBERTA_HEAD_DIM),
        mask_id=vocab_size - 1,
    )
    return ModelConfig(
        text=text,
        audio=AudioConfig(
            dim=weights[f"{WAV2VEC}.feature_extractor.conv_layers.0.0.weight"].shape[0],
            max_samples=args.max_sample_size,
        ),
        video=VideoConfig(filters=weights[f"{FABNET}.0.weight"].shape[0], dim=weights[f"{FABNET}.20.weight"].shape[0]),
        fusion=FusionConfig(
            ffn_dim=args.encoder_ffn_embed_dim,
            heads=args.encoder_attention_heads,
            self_layers=args.encoder_layers,
            cross_layers=args.encoder_layers_cross,
        ),
        modalities=_modalities(args),
    )


def _count(weights: Mapping[str, Tensor], prefix: str) -> int:
    return len({name[len(prefix) :].split(".")[0] for name in weights if name.startswith(prefix)})


def _renamed(weights: Mapping[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    """The weights by this project's names. Weights that no graph needs (RoBERTa's LM head) stay behind."""
    state: dict[str, Tensor] = {}
    if "text" in config.modalities:
        state |= _roberta(weights, config.text.layers)
    if "audio" in config.modalities:
        state |= _wav2vec(weights, config) | _sequence(weights, "audio", config)
    if "video" in config.modalities:
        state |= {f"fabnet.{name}": value for name, value in _below(weights, FABNET).items()}
        state |= _sequence(weights, "video", config)
    for pair in config.pairs:
        for x, y in (pair, pair[::-1]):
            state |= _inter_modality(weights, x, y, config)
    return state | {f"head.{name}": value for name, value in _below(weights, HEAD).items()}


def _below(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) + 1 :]: value for name, value in weights.items() if name.startswith(prefix + ".")}


def _affine(weights: Mapping[str, Tensor], source: str, target: str) -> dict[str, Tensor]:
    return {f"{target}.{part}": weights[f"{source}.{part}"] for part in ("weight", "bias")}


def _roberta(weights: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    embeddings = "text.roberta.embeddings"
    tokens = weights[f"{ROBERTA}.embed_tokens.weight"]
    state = {
        f"{embeddings}.word_embeddings.weight": tokens,
        f"{embeddings}.position_embeddings.weight": weights[f"{ROBERTA}.embed_positions.weight"],
        # transformers adds a segment embedding, which the original doesn't have.
        f"{embeddings}.token_type_embeddings.weight": tokens.new_zeros(1, tokens.shape[1]),
        **_affine(weights, f"{ROBERTA}.emb_layer_norm", f"{embeddings}.LayerNorm"),
    }
    for i in range(layers):
        source, target = f"{ROBERTA}.layers.{i}", f"text.roberta.encoder.layer.{i}"
        for part in ("weight", "bias"):
            q, k, v = weights[f"{source}.self_attn.in_proj_{part}"].chunk(3)
            for name, value in (("query", q), ("key", k), ("value", v)):
                state[f"{target}.attention.self.{name}.{part}"] = value
        state |= _affine(weights, f"{source}.self_attn.out_proj", f"{target}.attention.output.dense")
        state |= _affine(weights, f"{source}.self_attn_layer_norm", f"{target}.attention.output.LayerNorm")
        state |= _affine(weights, f"{source}.fc1", f"{target}.intermediate.dense")
        state |= _affine(weights, f"{source}.fc2", f"{target}.output.dense")
        state |= _affine(weights, f"{source}.final_layer_norm", f"{target}.output.LayerNorm")
    return state


def _wav2vec(weights: Mapping[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    for i in range(len(config.audio.extractor)):
        source, target = f"{WAV2VEC}.feature_extractor.conv_layers.{i}", f"wav2vec.extractor.{i}"
        state[f"{target}.conv.weight"] = weights[f"{source}.0.weight"]
        state |= _affine(weights, f"{source}.2", f"{target}.norm")
    for i in range(len(config.audio.aggregator)):
        source, target = f"{WAV2VEC}.feature_aggregator.conv_layers.{i}", f"wav2vec.aggregator.{i}"
        state |= _affine(weights, f"{source}.1", f"{target}.conv")
        state |= _affine(weights, f"{source}.3", f"{target}.norm")
    return state


def _sequence(weights: Mapping[str, Tensor], modality: Modality, config: ModelConfig) -> dict[str, Tensor]:
    letter = modality[0]
    state = {
        f"{modality}.cls": weights[f"{FUSION}.SE_embeddings_{letter}.weight"][0],
        # Rows 0 and 1 belong to fairseq's padding; CLS has row 2.
        f"{modality}.positions": weights[f"{FUSION}.embed_positions_{letter}.weight"][2:],
        **_affine(weights, f"{FUSION}.emb_layer_norm_{letter}", f"{modality}.norm"),
    }
    for i in range(config.fusion.self_layers):
        source, target = f"{FUSION}.layers_{letter}.{i}", f"{modality}.blocks.{i}"
        for part in ("weight", "bias"):
            state[f"{target}.in_proj.{part}"] = weights[f"{source}.self_attn.in_proj_{part}"]
        state |= _block(weights, source, target)
    return state


def _block(weights: Mapping[str, Tensor], source: str, target: str) -> dict[str, Tensor]:
    """What self-attention and inter-modality blocks share."""
    return (
        _affine(weights, f"{source}.self_attn.out_proj", f"{target}.out_proj")
        | _affine(weights, f"{source}.self_attn_layer_norm", f"{target}.norm")
        | _affine(weights, f"{source}.fc1", f"{target}.feed_forward.fc1")
        | _affine(weights, f"{source}.fc2", f"{target}.feed_forward.fc2")
        | _affine(weights, f"{source}.final_layer_norm", f"{target}.feed_forward.norm")
    )


def _inter_modality(weights: Mapping[str, Tensor], x: Modality, y: Modality, config: ModelConfig) -> dict[str, Any]:
    state: dict[str, Tensor] = {}
    for i in range(config.fusion.cross_layers):
        source, target = f"{FUSION}.layers_{x[0]}{y[0]}.{i}", f"attention.{term_name(x, y)}.blocks.{i}"
        query_bias, _, value_bias = weights[f"{source}.self_attn.in_proj_bias"].chunk(3)
        for name in ("query", "key", "value"):
            state[f"{target}.{name}.weight"] = weights[f"{source}.self_attn.{name[0]}_proj_weight"]
        state |= {f"{target}.query.bias": query_bias, f"{target}.value.bias": value_bias}
        state |= _block(weights, source, target)
    return state
