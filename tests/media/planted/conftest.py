"""Planted clips: small corpora on disk, and clips of every kind that are made but not encoded."""

import csv
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from media import Video
from media.modality import MODALITIES
from media.planted import clip as planted_clip
from media.planted.clip import KINDS, Kind, PlantedClip, make_clip
from media.planted.corpus import make_corpus
from media.planted.scene import Scene, draw_scene
from media.planted.voice import Voice

SEED = 5
SMALL = (Kind("joy", "en", MODALITIES), Kind("fear", "nl", ("audio",)), Kind("neutral", "en", ()))


@dataclass(frozen=True)
class Made:
    """A clip before its encoding, and what it was made from."""

    clip: PlantedClip
    kind: Kind
    voice: Voice
    changes: dict
    """Prosodies of words, by their index."""
    scene: Scene
    wave: np.ndarray
    frames: object


def _make(index, kind, split="train", seed=0):
    seen = {}

    def keep(name, function):
        def kept(*args, **options):
            seen[name] = function(*args, **options)
            seen.update(options)
            return seen[name]

        return kept

    with pytest.MonkeyPatch.context() as patch:
        for name in ("draw_scene", "speak"):
            patch.setattr(planted_clip, name, keep(name, getattr(planted_clip, name)))
        patch.setattr(planted_clip, "write_mp4", lambda _, frames, wave, __: seen.update(frames=frames, wave=wave))
        clip = make_clip(Path("unwritten"), index, kind, split, seed)
    return Made(clip, kind, seen["voice"], seen["changes"], seen["draw_scene"], seen["wave"], seen["frames"])


@pytest.fixture(scope="session")
def make():
    """Makes a clip in this process, without encoding it."""
    return _make


@pytest.fixture(scope="session")
def made():
    """A clip of every label with all its carriers, the languages in turn, the splits too."""
    pairs = list(zip(KINDS[::2], KINDS[1::2], strict=True))
    return [_make(i, pair[i % 2], split=("train", "test")[i // 2 % 2]) for i, pair in enumerate(pairs)]


@pytest.fixture(scope="session")
def corpora(tmp_path_factory):
    """The manifests of two corpora of the same three clips; made by one process at a time, and by two."""
    folder = tmp_path_factory.mktemp("planted")
    return [
        make_corpus(folder / str(workers), clips=len(SMALL), seed=SEED, split="test", kinds=SMALL, workers=workers)
        for workers in (1, 2)
    ]


@pytest.fixture(scope="session")
def faceless(tmp_path_factory):
    """The first clip of these corpora once more, but its picture carries nothing."""
    folder = tmp_path_factory.mktemp("faceless")
    kinds = [Kind("joy", "en", ("text", "audio"))]
    return make_corpus(folder, clips=1, seed=SEED, split="test", kinds=kinds, workers=1)


@pytest.fixture(scope="session")
def read_rows():
    def read(manifest):
        with manifest.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    return read


@pytest.fixture(scope="session")
def busy_scene():
    """A scene with a bystander and moving shapes."""
    scenes = (draw_scene(np.random.default_rng(seed), "train") for seed in range(100))
    return next(scene for scene in scenes if scene.bystander and scene.shapes)


@pytest.fixture(scope="session")
def blank_video():
    """A video of some black frames at 25 a second."""

    def build(frames):
        return Video(np.zeros((frames, 3, 1, 1), np.uint8), 40.0 * np.arange(frames + 1), cut=False)

    return build


@pytest.fixture(scope="session")
def all_carriers():
    return [chosen for n in (1, 2, 3) for chosen in combinations(MODALITIES, n)]
