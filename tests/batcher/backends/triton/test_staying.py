"""Outputs that stay where a graph made them, as on GPUs: served graphs cut and join them. Here that is the host."""

from dataclasses import replace

import numpy as np
import pytest

from batcher.backends.triton.addresses import Addresses
from batcher.backends.triton.backend import TritonBackend
from batcher.explain import explain_clip
from batcher.grid import Slices
from batcher.options import Options
from triton_models.deployment import Deployment
from triton_models.server import TritonServer

SMALL = Slices(text_masks=3, audio_masks=3, frames=4, pictures=16, video_masks=3, pair_masks=3, grid_points=40)
"""So that there is much to cut and to join."""
MOVES = ("cut", "join_rows", "join_columns")
KINDS = {
    "whole": Options(masks=8, max_masks=8, video_players="time"),
    "part": Options(masks=16, max_masks=16, video_players="time", grid_points=500),
    "growing": Options(masks=8, max_masks=32, video_players="time", tolerance=10.0),
}


@pytest.fixture(scope="module")
def staying(demo_setup, model):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Deployment, "stays", "CPU")
        setup = demo_setup()
    assert set(MOVES) <= {folder.name for folder in setup.repository.iterdir()}
    server = TritonServer.start(setup, lambda _: None)
    backend = TritonBackend.load(model, Addresses((setup.endpoints.address,), tries=1, timeout_s=60), slices=SMALL)
    yield backend
    backend.servers.close()
    server.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_they_are_the_same_to_the_last_bit(staying, backend, clip, kind):
    here = replace(backend, slices=SMALL)
    found, expected = (explain_clip(clip, "stays", each, KINDS[kind]) for each in (staying, here))
    np.testing.assert_array_equal(found.estimate.phi, expected.estimate.phi)
    assert found.masks == expected.masks


def test_the_models_that_move_arrays_were_asked(staying, clip):
    def asked(model):
        (server,) = staying.servers.each()
        (statistics,) = server.client.get_inference_statistics(model, "1").model_stats
        return statistics.inference_stats.success.count

    before = [asked(model) for model in MOVES]
    explain_clip(clip, "stays", staying, KINDS["whole"])
    assert all(asked(model) > count for model, count in zip(MOVES, before, strict=True))
