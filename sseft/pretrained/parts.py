"""A model whose encoders come from the files that the original names, and whose fusion and head are still random."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sseft.config import AudioConfig, ModelConfig, TextConfig, VideoConfig
from sseft.model import SSEFT
from sseft.pickles import CheckpointError, read_pickle, refuse_others
from sseft.pretrained.fabnet import video_config
from sseft.pretrained.folders import fill_roberta, fill_wav2vec2, roberta_config, wav2vec2_config
from sseft.pretrained.roberta import BUILT as ROBERTA_BUILT
from sseft.pretrained.roberta import ROBERTA_RULES, sentence_encoder, text_config
from sseft.pretrained.wav2vec import WAV2VEC_RULES, audio_config
from sseft.untrained import untrained
from sseft.weights import Weights, fill

GET_ROBERTA: Final = (
    "get roberta.large.tar.gz, which fairseq's examples/roberta links, unpack it anywhere and name its folder; or one "
    "that transformers saved, as pdelobelle/robbert-v2-dutch-base for Dutch"
)
GET_WAV2VEC: Final = (
    "get wav2vec_large.pt, which fairseq's examples/wav2vec links, and name it wherever it is; or the folder of a "
    "wav2vec 2.0 that transformers saved, as facebook/wav2vec2-base"
)
GET_FABNET: Final = (
    "get the .pth of FAb-Net that https://www.robots.ox.ac.uk/~vgg/research/unsup_learn_watch_faces/fabnet.html "
    "offers, and name it wherever it is"
)

Fill = Callable[[Any], None]


@dataclass(frozen=True)
class Parts:
    """Where pretrained encoders are; one that isn't given stays random."""

    roberta: Path | None = None
    """fairseq's `model.pt`, the folder that it is unpacked in, or a folder of transformers."""
    wav2vec: Path | None = None
    """`wav2vec_large.pt`, or a folder of transformers with a wav2vec 2.0."""
    fabnet: Path | None = None
    """A `.pth` with `state_dict_model`."""


def assemble(config: ModelConfig, parts: Parts, seed: int, *, text_heads: int | None = None) -> SSEFT:
    """A model in eval mode with pretrained encoders.

    Args:
        config: what isn't pretrained; the encoders' dimensions are those of their files.
        parts: the files.
        seed: of all random weights.
        text_heads: attention heads of a RoBERTa of fairseq, instead of what its arguments or its size tell.

    Raises:
        CheckpointError: a file is missing, can't be read, or lacks a weight.
        MediaError: a folder of RoBERTa holds no tokenizer.
    """
    text, audio, video = config.text, config.audio, config.video
    fills: dict[str, Fill] = {}
    if parts.roberta:
        text, fills["text"] = _open_text(_there(parts.roberta, GET_ROBERTA), text_heads)
    if parts.wav2vec:
        audio, fills["wav2vec"] = _open_audio(_there(parts.wav2vec, GET_WAV2VEC))
    if parts.fabnet:
        video, fills["fabnet"] = _open_video(_there(parts.fabnet, GET_FABNET))
    try:
        model = untrained(replace(config, text=text, audio=audio, video=video), seed)
    except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"no model can be built of {config} with {parts}: {error}") from error
    for name, fill_part in fills.items():
        fill_part(model.get_submodule(name))
    return model


def _there(path: Path, remedy: str) -> Path:
    if not path.exists():
        raise CheckpointError(f"{path} doesn't exist; {remedy}")
    return path


def _open_text(path: Path, heads: int | None) -> tuple[TextConfig, Fill]:
    if path.is_dir() and not (path / "model.pt").exists():
        return roberta_config(path), lambda encoder: fill_roberta(encoder, path)
    file = path / "model.pt" if path.is_dir() else path
    args, weights = _read(file, "a RoBERTa of fairseq", "model")
    encoder_weights = sentence_encoder(weights)
    refuse_others(file, args, ROBERTA_BUILT)
    own = getattr(args, "encoder_attention_heads", None)
    config = text_config(encoder_weights, own if heads is None else heads)
    return config, lambda encoder: fill(encoder, encoder_weights, ROBERTA_RULES)


def _open_audio(path: Path) -> tuple[AudioConfig, Fill]:
    if path.is_dir():
        return wav2vec2_config(path), lambda encoder: fill_wav2vec2(encoder, path)
    args, weights = _read(path, "a wav2vec 1.0 of fairseq", "model")
    return audio_config(weights, args), lambda encoder: fill(encoder, weights, WAV2VEC_RULES)


def _open_video(path: Path) -> tuple[VideoConfig, Fill]:
    _, weights = _read(path, "a FAb-Net", "state_dict_model")
    encoder_weights = weights.below("encoder.")
    return video_config(encoder_weights), lambda encoder: fill(encoder, encoder_weights)


def _read(path: Path, what: str, key: str) -> tuple[argparse.Namespace, Weights]:
    """The arguments of a file, where it has some, and its weights."""
    found = read_pickle(path, what)
    weights = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(weights, Mapping) or not all(isinstance(name, str) for name in weights):
        raise CheckpointError(f"{path} holds no '{key}', so it isn't {what}; give another file")
    return _arguments(found), Weights(path, weights)


def _arguments(found: Mapping[str, Any]) -> argparse.Namespace:
    """Fairseq's arguments: a namespace in older files, in newer ones a part of the configuration."""
    cfg = found.get("cfg")
    args = found.get("args")
    if args is None and isinstance(cfg, Mapping):
        args = cfg.get("model")
    if isinstance(args, Mapping):
        return argparse.Namespace(**args)
    return args if isinstance(args, argparse.Namespace) else argparse.Namespace()
