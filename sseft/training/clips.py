"""Clips as fusion is trained on them: the features of their modalities, and a label."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from media import MediaError
from media.modality import Modality
from sseft.training.encoders import Encoders
from sseft.training.masked import EMPTY, MaskedFeatures
from sseft.training.source import Label, Source
from sseft.training.store import FeatureStore, key_of, missing_in

Drawn = tuple[dict[Modality, Tensor], Label]
"""Features of a clip, or of a form of it, and what is to be said of them."""


class TrainingClip(Protocol):
    """A clip that can be learnt from."""

    @property
    def source(self) -> Source:
        """What it is of."""

    def draw(self, rng: np.random.Generator) -> Drawn:
        """A form of it to learn from."""

    def whole(self) -> Drawn:
        """All of it, as it is asked about."""


@dataclass(frozen=True)
class StoredClip:
    """A clip whose features are read where they are kept."""

    source: Source
    stores: dict[Modality, FeatureStore]

    def draw(self, rng: np.random.Generator) -> Drawn:
        """All of it: there is no other form whose label is known."""
        del rng
        return self.whole()

    def whole(self) -> Drawn:
        """All of it."""
        features = {modality: store[key_of(self.source, modality)] for modality, store in self.stores.items()}
        return features, self.source.label


@dataclass(frozen=True)
class Encoded:
    """Clips with features, and those that have none."""

    clips: tuple[StoredClip, ...]
    unreadable: dict[str, str]
    """Why a segment's media can't be read, by its id."""


def encode_sources(
    encoders: Encoders,
    stores: dict[Modality, FeatureStore],
    sources: Sequence[Source],
    *,
    workers: int,
    on_clip: Callable[[], None],
) -> Encoded:
    """Encode the clips whose features aren't kept yet, each by itself, so that they don't depend on the others.

    Args:
        encoders: in eval mode.
        stores: of these encoders, by modality.
        sources: the clips.
        workers: threads that decode and encode.
        on_clip: told about each.
    """
    unreadable: dict[str, str] = {}

    def work(source: Source) -> dict[Modality, Tensor] | MediaError:
        try:
            return _missing_features(encoders, stores, source)
        except OSError as error:
            return MediaError(f"'{source.path}' can't be read: {error}")
        except MediaError as error:
            return error

    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for source, found in zip(sources, pool.map(work, sources), strict=True):
            if isinstance(found, MediaError):
                unreadable[source.segment_id] = str(found)
            else:
                for modality, features in found.items():
                    stores[modality].add(key_of(source, modality), features)
            on_clip()
    for store in stores.values():
        store.flush()
    readable = (source for source in sources if source.segment_id not in unreadable)
    return Encoded(tuple(StoredClip(source, stores) for source in readable), unreadable)


@torch.no_grad()
def _missing_features(
    encoders: Encoders, stores: dict[Modality, FeatureStore], source: Source
) -> dict[Modality, Tensor]:
    missing = list(missing_in(stores, source))
    if not missing:
        return {}
    wanted = Encoders(encoders.model, missing)
    (features,) = wanted.encode([source], [wanted.clip_of(source)])
    return {modality: found.cpu() for modality, found in features.items()}


def drop_modalities(
    features: dict[Modality, Tensor], masked: MaskedFeatures, chance: float, rng: np.random.Generator
) -> dict[Modality, Tensor]:
    """Mask a random modality of a clip that has more than one, so that the others must do (Neverova et al. 2016).

    It is masked as coalitions mask it, and not taken away: explanations ask what the others say beside a masked one.

    Args:
        features: of a clip.
        masked: what stands in for it.
        chance: that one is masked.
        rng: the source.
    """
    there = sorted(modality for modality, found in features.items() if len(found) > EMPTY[modality])
    if not chance or rng.random() >= chance or len(there) <= 1:
        return features
    lost = there[int(rng.integers(len(there)))]
    return features | {lost: masked.like(features, lost)}
