"""Four planted clips that training is tested on: all three carriers, only the sound, only the picture, none."""

import csv
from dataclasses import dataclass, field

import pytest
import torch

from media import tokenize
from media.modality import MODALITIES
from media.planted.clip import Kind
from media.planted.corpus import make_corpus
from media.planted.trigger import Trigger
from media.vocabulary import train_tokenizer
from sseft.presets import tiny
from sseft.training.planted.examples import PlantedSource, read_examples
from sseft.training.planted.views import MASKINGS, encode_maskings
from sseft.untrained import untrained

KINDS = (
    Kind("joy", "en", MODALITIES),
    Kind("fear", "nl", ("audio",)),
    Kind("disgust", "en", ("video",)),
    Kind("neutral", "nl", ()),
)
VOCABULARY = 330
"""So few tokens that most words are several."""
PICTURES = 3


@dataclass
class Log:
    """What a training tells."""

    epochs: list = field(default_factory=list)

    def __call__(self, epoch):
        self.epochs.append(epoch)

    @property
    def falls(self):
        """The mean loss of the last quarter of the epochs, over that of the first."""
        losses = [epoch.loss for epoch in self.epochs]
        part = len(losses) // 4
        return sum(losses[-part:]) / sum(losses[:part])


@pytest.fixture(scope="session")
def config():
    return tiny()


@pytest.fixture(scope="session")
def rows(tmp_path_factory):
    """The rows of the clips' manifest; `media` is a path."""
    manifest = make_corpus(tmp_path_factory.mktemp("clips"), clips=len(KINDS), seed=1, kinds=KINDS, workers=1)
    with manifest.open(encoding="utf-8", newline="") as file:
        return [{**row, "media": manifest.parent / row["media"]} for row in csv.DictReader(file)]


@pytest.fixture(scope="session")
def say(rows, config):
    """Turns a text into tokens."""
    tokenizer = train_tokenizer((row["text"] for row in rows), VOCABULARY)
    return lambda text: tokenize(tokenizer, text, config.tokens, config.text.max_tokens)


@pytest.fixture(scope="session")
def sources(rows, say, config):
    return [
        PlantedSource(
            segment_id=row["segment_id"],
            path=row["media"],
            start_ms=float(row["start_ms"]),
            end_ms=float(row["end_ms"]),
            text=say(row["text"]),
            label=config.labels.index(row["label"]),
            trigger=Trigger.from_json(row["trigger"]),
        )
        for row in rows
    ]


@pytest.fixture(scope="session")
def read(config):
    """Reads examples in one thread."""

    def run(sources, pictures=PICTURES, seed=0, workers=1):
        return read_examples(sources, config.preprocessing, pictures=pictures, seed=seed, workers=workers)

    return run


@pytest.fixture(scope="session")
def examples(sources, read):
    return read(sources)


@pytest.fixture
def build(config):
    """Makes a model with random weights, free to be trained."""
    return lambda: untrained(config, 0)


@pytest.fixture(scope="session")
def random_model(config):
    """A model that stays as it is."""
    return untrained(config, 0)


@pytest.fixture(scope="session")
def features(random_model, examples):
    return encode_maskings(random_model, examples, MASKINGS, seed=0, workers=1)


@pytest.fixture
def log():
    return Log()


@pytest.fixture(autouse=True)
def _no_gradients():
    """Unlike the tests around these, training needs them."""
    with torch.enable_grad():
        yield
