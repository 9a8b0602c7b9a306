"""What the encoders of a model make of clips: computed once while they are frozen, or anew for each batch."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from media import Clip, Preprocessing, Text
from media.modality import MODALITIES, Modality
from sseft.audio import Wav2Vec
from sseft.model import ENCODER_OF, SSEFT
from sseft.training.source import Source

FRAMES_AT_A_TIME: Final = 128

Features = Mapping[Modality, Tensor]
"""Of a clip, by modality: float32 [L, d], without the CLS that fusion puts before sound and picture."""


class Encoders:
    """The encoders of some modalities of a model."""

    def __init__(self, model: SSEFT, modalities: Collection[Modality]) -> None:
        self.model = model
        self.modalities = tuple(m for m in MODALITIES if m in modalities)
        self.parts = {m: model.get_submodule(ENCODER_OF[m]) for m in self.modalities}

    @property
    def preprocessing(self) -> Preprocessing:
        """What of a clip they see."""
        return self.model.config.preprocessing

    def train(self) -> None:
        """Dropout as in training, but for batch norm the statistics that it has."""
        for part in self.parts.values():
            part.train()
            for module in part.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def clip_of(self, source: Source) -> Clip | None:
        """Decode what they see of a clip; None where that is its words alone.

        Raises:
            MediaError: it can't be read.
        """
        wanted = [m for m in self.modalities if m != "text"]
        return source.decode(self.preprocessing, wanted) if wanted else None

    def encode(self, sources: Sequence[Source], clips: Sequence[Clip | None]) -> list[dict[Modality, Tensor]]:
        """Features of decoded clips, in one batch.

        Args:
            sources: their words.
            clips: what `clip_of` made of each.

        Returns:
            Of each clip, by modality, float32 [L, d] where the model is. A missing sound or picture has L = 0, missing
            words are `<s> </s>`.
        """
        encoded: dict[Modality, list[Tensor]] = {}
        for modality in self.modalities:
            if modality == "text":
                encoded["text"] = self._texts([source.text for source in sources])
            elif modality == "audio":
                encoded["audio"] = self._sounds([clip.sound.wave if clip and clip.sound else None for clip in clips])
            else:
                encoded["video"] = self._pictures(
                    [clip.video.frames if clip and clip.video else None for clip in clips]
                )
        return [{m: encoded[m][i] for m in self.modalities} for i in range(len(sources))]

    def _texts(self, texts: Sequence[Text | None]) -> list[Tensor]:
        config = self.model.config.text
        silent = np.array([config.bos_id, config.eos_id])
        ids = [torch.from_numpy(silent if text is None else text.ids) for text in texts]
        padded = pad_sequence(ids, batch_first=True, padding_value=config.pad_id).to(self._device)
        real = None if len({len(row) for row in ids}) == 1 else padded != config.pad_id
        return [row[: len(own)] for row, own in zip(self.model.text(padded, real), ids, strict=True)]

    def _sounds(self, waves: Sequence[NDArray[np.float32] | None]) -> list[Tensor]:
        """One by one, but those of wav2vec 1.0, to which zeros after a sound are the padding that it has anyway."""
        there = [torch.from_numpy(wave) for wave in waves if wave is not None]
        encoder = self.model.wav2vec
        if isinstance(encoder, Wav2Vec) and there:
            together = encoder(pad_sequence(there, batch_first=True).to(self._device))
            encoded = [row[: encoder.real_frames(len(wave))] for row, wave in zip(together, there, strict=True)]
        else:
            encoded = [encoder(wave[None].to(self._device))[0] for wave in there]
        return self._with_missing([wave is None for wave in waves], encoded, self.model.config.audio.dim)

    def _pictures(self, films: Sequence[NDArray[np.uint8] | None]) -> list[Tensor]:
        there = [film for film in films if film is not None]
        frames = np.concatenate(there) if there else np.zeros((0, 3, 1, 1), np.uint8)
        parts = [
            frame_features(self.model, frames[first : first + FRAMES_AT_A_TIME])
            for first in range(0, len(frames), FRAMES_AT_A_TIME)
        ]
        encoded = list(torch.cat(parts).split([len(film) for film in there])) if there else []
        return self._with_missing([film is None for film in films], encoded, self.model.config.video.dim)

    def _with_missing(self, missing: Sequence[bool], encoded: Sequence[Tensor], dim: int) -> list[Tensor]:
        found = iter(encoded)
        return [torch.zeros(0, dim, device=self._device) if is_missing else next(found) for is_missing in missing]

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device


def frame_features(model: SSEFT, frames: NDArray[np.uint8]) -> Tensor:
    """Frames uint8 [F, 3, 256, 256] to features [F, d_v]."""
    device = next(model.fabnet.parameters()).device
    pictures = torch.from_numpy(frames).to(device, memory_format=torch.channels_last) / 255
    return model.frame_features(pictures)
