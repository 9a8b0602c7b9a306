import pytest

from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.explain import explain_clip
from bench.clips import small_clips
from bench.demo import MANIFEST, MODEL
from bench.game import enumerate_game


@pytest.fixture(scope="session")
def backend():
    return OnnxRuntimeBackend.load(MODEL)


@pytest.fixture(scope="session")
def smalls(backend):
    return list(small_clips(MANIFEST, backend.artefact, backend.folder))


@pytest.fixture(scope="session")
def game(smalls, backend):
    return enumerate_game(next(small.clip for small in smalls if small.cut == "sentence"), backend)


@pytest.fixture(scope="session")
def explained_whole(clip, backend, cheap):
    """Probabilities [C] of the clip with nothing masked, as a run finds them."""
    return explain_clip(clip, "a", backend, cheap).p_all
