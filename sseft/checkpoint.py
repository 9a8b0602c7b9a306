"""Checkpoints of the original SSE-FT code: its arguments, and its three encoders, fusion and head in one file."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from torch import Tensor

from media.modality import MODALITIES, Modality
from sseft.config import FusionConfig, ModelConfig, headed
from sseft.heads import HeadKind
from sseft.model import SSEFT
from sseft.pickles import CheckpointError, read_pickle, refuse_others
from sseft.pretrained.fabnet import video_config
from sseft.pretrained.roberta import ROBERTA_RULES, sentence_encoder, text_config
from sseft.pretrained.wav2vec import WAV2VEC_RULES, audio_config
from sseft.terms import term_name
from sseft.weights import Rule, Weights, fill, third

ROBERTA: Final = "model_text2vec.model."
WAV2VEC: Final = "model_wav2vec."
FABNET: Final = "model_vid2vec.encoder."
FUSION: Final = "decoder.sentence_encoder."
BUILT: Final = {"activation_fn": "gelu", "pooler_activation_fn": "tanh"}
"""What `sseft.model.SSEFT` is, by the names of the original's arguments."""
HEAD: Final = "classification_heads.emotion_classification_head."

_PART: Final = r"\.(weight|bias)"
_BLOCK: Final = r"blocks\.(\d+)\."


def read_checkpoint(path: Path) -> tuple[argparse.Namespace, dict[str, Tensor]]:
    """Read the arguments and weights of a checkpoint, executing nothing that it pickles.

    Args:
        path: a file that the original trainer saved, in torch's zip or its older serialisation.

    Raises:
        CheckpointError: the file can't be read, holds anything but tensors, containers, an argparse.Namespace
            and fairseq's meters, or lacks its weights or arguments.
    """
    checkpoint = read_pickle(path, "a checkpoint of SSE-FT")
    if not isinstance(checkpoint, dict) or not {"args", "model"} <= checkpoint.keys():
        raise CheckpointError(f"{path} holds no 'args' and 'model'; give a file that the SSE-FT trainer saved")
    args, weights = checkpoint["args"], checkpoint["model"]
    if not isinstance(args, argparse.Namespace) or not isinstance(weights, Mapping):
        raise CheckpointError(f"{path} holds 'args' and 'model' of other types; give a file that the trainer saved")
    return args, dict(weights)


def load_sseft(
    path: Path,
    *,
    text_heads: int | None = None,
    labels: tuple[str, ...] | None = None,
    head: HeadKind | None = None,
) -> SSEFT:
    """The model of an original checkpoint, in eval mode.

    Args:
        path: the checkpoint.
        text_heads: attention heads of its RoBERTa, which the file doesn't hold: by default those of the named
            model of its width and depth.
        labels: names of its classes: by default those that the original's models with its head have.
        head: how its logits become values: by default as its arguments say.

    Raises:
        CheckpointError: it can't be read, or a weight or argument is missing or another than expected.
    """
    args, tensors = read_checkpoint(path)
    weights = Weights(path, tensors)
    refuse_others(path, args, BUILT)
    try:
        config = _config(args, weights, text_heads)
        config = _labelled(headed(config, head or head_of(args), labels), args.num_classes, path)
        model = SSEFT(config)
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is no SSE-FT that this project can build: {error}") from error
    _fill(model, weights)
    return model.eval()


def head_of(args: argparse.Namespace) -> HeadKind:
    """The head that a checkpoint was trained with: the first flag counts that the original's loss asks for."""
    flags: tuple[tuple[str, HeadKind], ...] = (
        ("regression_target_mos", "score"),
        ("binary_target_iemocap", "binary"),
        ("softmax_target_meld", "softmax"),
        ("regression_target", "score"),
        # Has no loss in the original, but its data are MELD's seven classes.
        ("softmax_target_binary_meld", "softmax"),
    )
    for flag, head in flags:
        if getattr(args, flag, False):
            return head
    return "score" if args.num_classes == 1 else "softmax"


def _labelled(config: ModelConfig, logits: int, path: Path) -> ModelConfig:
    if config.logits != logits:
        raise CheckpointError(
            f"{path} has {logits} classes and {len(config.labels)} labels; name its labels or its head: "
            f"a {config.head} head of {len(config.labels)} labels needs {config.logits} logits"
        )
    return config


def _modalities(args: argparse.Namespace) -> tuple[Modality, ...]:
    """The modalities that the head sees; the last branch of the original's code wins."""
    if args.all_in:
        return MODALITIES
    flags: dict[Modality, bool] = {"text": args.t_only, "audio": args.a_only, "video": args.v_only}
    named = tuple(modality for modality in MODALITIES if flags[modality])
    return ("text", "video") if len(named) == len(MODALITIES) else named


def _config(args: argparse.Namespace, weights: Weights, text_heads: int | None) -> ModelConfig:
    audio = audio_config(weights.below(WAV2VEC))
    return ModelConfig(
        text=text_config(sentence_encoder(weights.below(ROBERTA)), text_heads),
        audio=replace(audio, max_samples=args.max_sample_size),
        video=video_config(weights.below(FABNET)),
        fusion=FusionConfig(
            ffn_dim=args.encoder_ffn_embed_dim,
            heads=args.encoder_attention_heads,
            self_layers=args.encoder_layers,
            cross_layers=args.encoder_layers_cross,
        ),
        modalities=_modalities(args),
    )


def _fill(model: SSEFT, weights: Weights) -> None:
    """Put a checkpoint's weights into the parts that its variant has. The others (RoBERTa's LM head) stay behind."""
    config, fusion = model.config, weights.below(FUSION)
    if "text" in config.modalities:
        fill(model.text, sentence_encoder(weights.below(ROBERTA)), ROBERTA_RULES)
    if "audio" in config.modalities:
        fill(model.wav2vec, weights.below(WAV2VEC), WAV2VEC_RULES)
        fill(model.audio, fusion, _sequence_rules("audio", config.audio.max_frames))
    if "video" in config.modalities:
        fill(model.fabnet, weights.below(FABNET))
        fill(model.video, fusion, _sequence_rules("video", config.video.max_frames))
    for x, y in config.directions:
        fill(model.attention[term_name(x, y)], fusion, _attention_rules(x, y))
    fill(model.head, weights.below(HEAD))


def _block_rules(layers: str) -> tuple[Rule, ...]:
    """What the blocks of self-attention and of inter-modality attention share."""
    theirs = {
        r"out_proj": "self_attn.out_proj",
        r"norm": "self_attn_layer_norm",
        r"feed_forward\.fc1": "fc1",
        r"feed_forward\.fc2": "fc2",
        r"feed_forward\.norm": "final_layer_norm",
    }
    return tuple(Rule(rf"{_BLOCK}{ours}{_PART}", rf"{layers}.\1.{name}.\2") for ours, name in theirs.items())


def _sequence_rules(modality: Modality, frames: int) -> tuple[Rule, ...]:
    letter = modality[0]
    layers = f"layers_{letter}"
    return (
        Rule("cls", f"SE_embeddings_{letter}.weight", lambda table: table[0]),
        # Rows 0 and 1 belong to fairseq's padding; CLS has row 2. A table may be longer than the model's sounds.
        Rule("positions", f"embed_positions_{letter}.weight", lambda table: table[2 : 3 + frames]),
        Rule(rf"norm{_PART}", rf"emb_layer_norm_{letter}.\1"),
        Rule(rf"{_BLOCK}in_proj{_PART}", rf"{layers}.\1.self_attn.in_proj_\2"),
        *_block_rules(layers),
    )


def _attention_rules(x: Modality, y: Modality) -> tuple[Rule, ...]:
    layers = f"layers_{x[0]}{y[0]}"
    return (
        *(
            Rule(rf"{_BLOCK}{n}\.weight", rf"{layers}.\1.self_attn.{n[0]}_proj_weight")
            for n in ("query", "key", "value")
        ),
        # One bias for queries, keys and values; that of the keys cancels in the softmax.
        Rule(rf"{_BLOCK}query\.bias", rf"{layers}.\1.self_attn.in_proj_bias", third(0)),
        Rule(rf"{_BLOCK}value\.bias", rf"{layers}.\1.self_attn.in_proj_bias", third(2)),
        *_block_rules(layers),
    )
