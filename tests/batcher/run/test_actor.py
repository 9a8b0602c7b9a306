"""What a worker makes of a clip that doesn't come."""

import pytest
import ray.exceptions as errors

from batcher.outcome import FAILED
from batcher.run.actor import ClipLostError, GroupCrashedError, fetch, fetch_all

OBJECT = ("00ff", None, "")


def broken(monkeypatch, error):
    def get(_):
        raise error

    monkeypatch.setattr("ray.get", get)


@pytest.mark.parametrize("error", [errors.WorkerCrashedError(), errors.OutOfMemoryError("no memory")])
def test_a_process_that_crashes_fails_its_segment_for_good(monkeypatch, error):
    broken(monkeypatch, error)
    failure = fetch(None).clip
    assert (failure.stage, failure.status) == ("decode", FAILED)
    assert failure.error.startswith(f"decoding crashed, or hung for 1500 s: {type(error).__name__}")
    with pytest.raises(GroupCrashedError, match=type(error).__name__):
        list(fetch_all([["one", "other"]]))


@pytest.mark.parametrize(
    "error",
    [
        errors.ObjectLostError(*OBJECT),
        errors.ObjectReconstructionFailedError(*OBJECT[:1]),
        errors.OwnerDiedError(*OBJECT),
        errors.NodeDiedError("the node is dead"),
        errors.LocalRayletDiedError(),
    ],
)
def test_a_clip_that_went_with_its_node_fails_nothing(monkeypatch, error):
    broken(monkeypatch, error)
    with pytest.raises(ClipLostError, match=type(error).__name__):
        fetch(None)
