"""Models that this project trained: their configuration and weights in one file that executes nothing."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch

from sseft.config import FusionConfig, ModelConfig, TextConfig, VideoConfig, Wav2Vec2Config, Wav2VecConfig
from sseft.model import SSEFT
from sseft.pickles import CheckpointError

FORMAT: Final = "mmexplain.sseft.1"


def save_model(model: SSEFT, path: Path) -> None:
    """Write a model."""
    torch.save({"format": FORMAT, "config": asdict(model.config), "model": model.state_dict()}, path)


def is_saved(path: Path) -> bool:
    """Whether a file is one that `save_model` wrote."""
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception:  # noqa: BLE001  # anything else than ours makes torch raise anything
        return False
    return isinstance(found, dict) and found.get("format") == FORMAT


def load_model(path: Path) -> SSEFT:
    """Read a model, in eval mode.

    Raises:
        CheckpointError: the weights don't fit the configuration beside them.
    """
    found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    try:
        model = SSEFT(_config(found["config"]))
        model.load_state_dict(found["model"])
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged or of another version: {error}; train it again") from error
    return model.eval()


def _config(values: dict[str, Any]) -> ModelConfig:
    audio = Wav2Vec2Config if "layers" in values["audio"] else Wav2VecConfig
    parts = {"text": TextConfig, "audio": audio, "video": VideoConfig, "fusion": FusionConfig}
    return ModelConfig(**values | {name: kind(**values[name]) for name, kind in parts.items()})
