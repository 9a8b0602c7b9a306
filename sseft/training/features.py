"""What the frozen encoders make of each clip, computed once: of the whole clip, and of maskings of it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from media.modality import MODALITIES, Modality
from sseft.model import SSEFT
from sseft.training.encoders import black_out, draw_cells, mask_sound
from sseft.training.examples import Example, Source, frames_shown
from sseft.training.masking import draw_keep

MASKINGS: Final[dict[Modality, int]] = {"text": 8, "audio": 4, "video": 1}
"""Of each clip, besides the whole; the picture's are few, as each costs all its frames, and are masked in time too."""
FRAMES_AT_A_TIME: Final = 128
FRAME_GROUPS: Final = 10
"""Of the frames, which are masked together."""


@dataclass(frozen=True)
class Encoded:
    """A modality of a clip, through its encoder."""

    features: tuple[Tensor, ...]
    """The whole first, then its maskings: float32 [L, d] each."""
    carries: tuple[bool, ...]
    """Whether each of them holds the trigger."""


@dataclass(frozen=True)
class Features:
    """A clip as fusion is trained on it."""

    source: Source
    encoded: dict[Modality, Encoded]
    shown: NDArray[np.bool_]
    """[F]: the frames that show the trigger."""
    black: Tensor
    """float32 [d_v]: the features of a black frame."""

    def draw(self, rng: np.random.Generator) -> tuple[dict[Modality, Tensor], int]:
        """Features of a masking of each modality, and the label of what is left."""
        drawn, carries = {}, False
        for modality in MODALITIES:
            encoded = self.encoded[modality]
            at = int(rng.integers(len(encoded.features)))
            features, holds = encoded.features[at], encoded.carries[at]
            if modality == "video":
                features, holds = self._mask_time(features, holds, rng)
            drawn[modality] = features
            carries = carries or holds
        return drawn, self.source.label if carries else 0

    def whole(self) -> tuple[dict[Modality, Tensor], int]:
        """Features of the whole clip, and its label."""
        return {modality: self.encoded[modality].features[0] for modality in MODALITIES}, self.source.label

    def _mask_time(self, features: Tensor, holds: bool, rng: np.random.Generator) -> tuple[Tensor, bool]:  # noqa: FBT001
        """Black out some groups of frames; a masked cell is black in all of them."""
        group = np.arange(len(self.shown)) * FRAME_GROUPS // len(self.shown)
        trigger = np.zeros(FRAME_GROUPS, dtype=bool)
        trigger[group[self.shown]] = True
        keep = draw_keep(rng, trigger)
        kept = torch.from_numpy(keep[group])
        return torch.where(kept[:, None], features, self.black), holds and bool(keep[trigger].all())


def encode_all(model: SSEFT, examples: Sequence[Example], seed: int, workers: int) -> list[Features]:
    """Encode clips, on several threads.

    Args:
        model: whose encoders are trained, in eval mode.
        examples: the clips; they are decoded again, as nobody holds all their frames in memory.
        seed: of the maskings.
        workers: threads.

    Raises:
        MediaError: a clip can't be read.
    """
    size = model.config.video.image_size
    with torch.no_grad():
        black = model.frame_features(torch.zeros(1, 3, size, size))[0]

    def work(job: tuple[int, Example]) -> Features:
        torch.set_num_threads(1)
        return encode(model, job[1], black, np.random.default_rng([seed, job[0]]))

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, enumerate(examples)))


@torch.no_grad()
def encode(model: SSEFT, example: Example, black: Tensor, rng: np.random.Generator) -> Features:
    """Encode one clip, and maskings of it.

    Args:
        model: whose encoders are trained, in eval mode.
        example: the clip.
        black: float32 [d_v], the features of a black frame.
        rng: source of the maskings.
    """
    video = example.source.decode(model.config.preprocessing).video
    shown = frames_shown(example.source.trigger, video.times_ms[:-1])
    return Features(
        source=example.source,
        encoded={
            "text": _encode_text(model, example, rng),
            "audio": _encode_audio(model, example, rng),
            "video": _encode_video(model, example, video.frames, rng),
        },
        shown=shown,
        black=black,
    )


def _encode_text(model: SSEFT, example: Example, rng: np.random.Generator) -> Encoded:
    keep = np.stack(
        [
            np.ones(len(example.source.text.ids), dtype=bool),
            *(draw_keep(rng, example.tokens) for _ in range(MASKINGS["text"])),
        ]
    )
    ids = np.where(keep | example.source.text.special, example.source.text.ids, model.config.text.mask_id)
    carries = tuple(bool(example.tokens.any() and row[example.tokens].all()) for row in keep)
    return Encoded(tuple(model.encode_text(torch.from_numpy(ids))), carries)


def _encode_audio(model: SSEFT, example: Example, rng: np.random.Generator) -> Encoded:
    waves = np.stack([example.wave, *(mask_sound(example, rng) for _ in range(MASKINGS["audio"]))])
    carries = tuple(bool(wave[slice(*example.stretch)].any()) for wave in waves)
    return Encoded(tuple(model.wav2vec(torch.from_numpy(waves))), carries)


def _encode_video(model: SSEFT, example: Example, frames: NDArray[np.uint8], rng: np.random.Generator) -> Encoded:
    carries = "video" in example.source.trigger.carriers
    features, held = [_frame_features(model, frames)], [carries]
    for _ in range(MASKINGS["video"]):
        keep, keeps = draw_cells(example, rng)
        features.append(_frame_features(model, black_out(frames, keep)))
        held.append(keeps)
    return Encoded(tuple(features), tuple(held))


def _frame_features(model: SSEFT, frames: NDArray[np.uint8]) -> Tensor:
    parts = [
        torch.from_numpy(frames[first : first + FRAMES_AT_A_TIME]) for first in range(0, len(frames), FRAMES_AT_A_TIME)
    ]
    return torch.cat([model.frame_features(part.to(memory_format=torch.channels_last) / 255) for part in parts])
