"""What the frozen encoders make of planted clips, computed once: of each whole clip, and of maskings of it."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from media.modality import MODALITIES, Modality
from sseft.model import SSEFT
from sseft.training.clips import Drawn
from sseft.training.encoders import FRAMES_AT_A_TIME, frame_features
from sseft.training.planted.examples import NEUTRAL, Example, PlantedSource, frames_shown, read_examples
from sseft.training.planted.masking import draw_keep
from sseft.training.planted.variations import black_out, draw_cells, mask_sound, say_otherwise, strange_ids

MASKINGS: Final[Mapping[Modality, int]] = {"text": 8, "audio": 4, "video": 1}
"""Of a clip to train on, besides the whole; the picture's are few, as each costs all frames, and masked in time too."""
WHOLE_ONLY: Final[Mapping[Modality, int]] = {"text": 0, "audio": 0, "video": 0}
"""Of a clip that is only asked about."""
FRAME_GROUPS: Final = 10
"""Of the frames, which are masked together."""


@dataclass(frozen=True)
class Views:
    """A modality of a clip, through its encoder."""

    features: tuple[Tensor, ...]
    """The whole first, then its maskings: float32 [L, d] each."""
    carries: tuple[bool, ...]
    """Whether each of them holds the trigger."""


@dataclass(frozen=True)
class MaskedClip:
    """A clip as fusion is trained on it: a masking of each modality at a time."""

    source: PlantedSource
    encoded: dict[Modality, Views]
    shown: NDArray[np.bool_]
    """[F]: the frames that show the trigger."""
    black: Tensor
    """float32 [d_v]: the features of a black frame."""

    def draw(self, rng: np.random.Generator) -> Drawn:
        """Features of a masking of each modality, and the label of what is left."""
        drawn: dict[Modality, Tensor] = {}
        carries = False
        for modality in MODALITIES:
            encoded = self.encoded[modality]
            at = int(rng.integers(len(encoded.features)))
            features, holds = encoded.features[at], encoded.carries[at]
            if modality == "video":
                features, holds = self._mask_time(features, holds, rng)
            drawn[modality] = features
            carries = carries or holds
        return drawn, self.source.label if carries else NEUTRAL

    def whole(self) -> Drawn:
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


def masked_clips(
    model: SSEFT,
    sources: Sequence[PlantedSource],
    maskings: Mapping[Modality, int] = MASKINGS,
    *,
    seed: int,
    workers: int,
) -> list[MaskedClip]:
    """Decode and encode clips to train fusion on.

    Raises:
        MediaError: a clip can't be read.
    """
    # No picture is kept: all frames of a clip are encoded, when it is.
    examples = read_examples(sources, model.config.preprocessing, pictures=0, seed=seed, workers=workers)
    return encode_maskings(model, examples, maskings, seed=seed, workers=workers)


def encode_maskings(
    model: SSEFT, examples: Sequence[Example], maskings: Mapping[Modality, int], *, seed: int, workers: int
) -> list[MaskedClip]:
    """Encode clips, on several threads.

    Args:
        model: whose encoders are trained, in eval mode.
        examples: the clips; they are decoded again, as nobody holds all their frames in memory.
        maskings: how many of each modality, besides the whole.
        seed: of the maskings.
        workers: threads.

    Raises:
        MediaError: a clip can't be read.
    """
    encoders = MaskingEncoders(model, strange_ids(examples, model.config.tokens), maskings)

    def work(job: tuple[int, Example]) -> MaskedClip:
        index, example = job
        return encoders.encode(example, np.random.default_rng([seed, index]))

    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return list(pool.map(work, enumerate(examples)))


class MaskingEncoders:
    """The trained encoders of a model, and how many maskings of a clip they are given."""

    def __init__(self, model: SSEFT, strange: NDArray[np.int64], maskings: Mapping[Modality, int]) -> None:
        self.model, self.strange, self.maskings = model, strange, maskings
        size = model.config.video.image_size
        self.black = self._frame_features(np.zeros((1, 3, size, size), np.uint8))[0]

    @torch.no_grad()
    def encode(self, example: Example, rng: np.random.Generator) -> MaskedClip:
        """Encode one clip, and maskings of it.

        Raises:
            MediaError: it can't be read.
        """
        video = example.source.decode_both(self.model.config.preprocessing).video
        return MaskedClip(
            source=example.source,
            encoded={
                "text": self._text(example, rng),
                "audio": self._audio(example, rng),
                "video": self._video(example, video.frames, rng),
            },
            shown=frames_shown(example.source.trigger, video.times_ms[:-1]),
            black=self.black,
        )

    def _text(self, example: Example, rng: np.random.Generator) -> Views:
        said = [(example.source.words.ids, example.tokens)]
        config = self.model.config.text
        said += [say_otherwise(example, rng, self.strange, config) for _ in range(self.maskings["text"])]
        features = tuple(self.model.encode_text(torch.from_numpy(ids)[None])[0] for ids, _ in said)
        return Views(features, tuple(bool(trigger.any()) for _, trigger in said))

    def _audio(self, example: Example, rng: np.random.Generator) -> Views:
        waves = np.stack([example.wave, *(mask_sound(example, rng) for _ in range(self.maskings["audio"]))])
        carries = tuple(bool(wave[slice(*example.stretch)].any()) for wave in waves)
        return Views(tuple(self.model.wav2vec(torch.from_numpy(waves))), carries)

    def _video(self, example: Example, frames: NDArray[np.uint8], rng: np.random.Generator) -> Views:
        features, carries = [self._frame_features(frames)], [example.source.trigger.video is not None]
        for _ in range(self.maskings["video"]):
            keep, holds = draw_cells(example, rng)
            features.append(self._frame_features(black_out(frames, keep)))
            carries.append(holds)
        return Views(tuple(features), tuple(carries))

    @torch.no_grad()
    def _frame_features(self, frames: NDArray[np.uint8]) -> Tensor:
        parts = (frames[first : first + FRAMES_AT_A_TIME] for first in range(0, len(frames), FRAMES_AT_A_TIME))
        return torch.cat([frame_features(self.model, part) for part in parts])
