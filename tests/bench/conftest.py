import pytest

from batcher.backends.onnxruntime import OnnxRuntimeBackend
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
