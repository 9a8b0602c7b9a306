"""Which files of a run a machine doesn't see."""

from dataclasses import replace

from batcher.backends.choice import BackendChoice
from batcher.options import Options
from batcher.run.sight import files_of, unseen
from batcher.run.worker import WorkerSetup


def test_a_path_that_isnt_there_is_unseen(tmp_path):
    there, gone = tmp_path / "there", tmp_path / "gone"
    there.touch()
    assert unseen([gone, there, tmp_path]) == [gone]
    assert unseen([there / "below a file"]) == [there / "below a file"]


def test_workers_need_the_result_the_model_and_the_media(model, segment, tmp_path):
    setup = WorkerSetup(model, BackendChoice(), Options(), tmp_path, {})
    again = replace(segment, segment_id="again")
    assert files_of(setup, [segment, again]) == [tmp_path / "run.json", model / "artefact.json", segment.path]


def test_media_that_the_driver_doesnt_see_is_no_fault_of_a_node(model, segment, tmp_path):
    setup = WorkerSetup(model, BackendChoice(), Options(), tmp_path, {})
    assert files_of(setup, [replace(segment, path=tmp_path / "gone.mp4")]) == files_of(setup, [])
