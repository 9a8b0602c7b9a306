from dataclasses import replace
from functools import cache

import pytest
import torch

from sseft.checkpoint import load_sseft, read_checkpoint
from sseft.presets import tiny
from sseft.untrained import untrained


@pytest.fixture(scope="session")
def reference_model(reference_checkpoint):
    """The model of one of the original's checkpoints: `all`, `t` or `av`."""
    return cache(lambda variant: load_sseft(reference_checkpoint(variant)))


@pytest.fixture(scope="session")
def reference_weights(reference):
    """The weights of a whole checkpoint of the original, by its own keys."""
    return read_checkpoint(reference / "tiny_all.pt")[1]


@pytest.fixture(scope="session")
def double_model():
    """A tiny random model of some modalities in float64, where equal means equal to 1e-12."""

    @cache
    def build(modalities):
        return untrained(replace(tiny(), modalities=modalities), 0).double()

    return build


@pytest.fixture
def random_encodings():
    """Random encodings [K, L, d] of each modality of a model, of another length each."""

    def draw(model, masks, seed=0):
        generator = torch.Generator().manual_seed(seed)
        lengths = {"text": 6, "audio": 5, "video": 3}
        return {
            m: torch.randn(
                masks[m], lengths[m], model.config.dim(m), generator=generator, dtype=model.head.dense.weight.dtype
            )
            for m in model.config.modalities
        }

    return draw


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Models this small gain nothing from a second thread, and lose tenfold where cores are busy."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield
