import pytest

from batcher.run.source import Source
from batcher.selection import Selection
from export.artefact import Artefact


@pytest.fixture
def source(tmp_path):
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("segment_id,media,label\na,a.mp4,3\nb,b.mp4,joy\nc,c.mp4,\n")
    artefact = object.__new__(Artefact)
    object.__setattr__(artefact, "labels", ("neutral", "sadness", "anger", "joy"))
    object.__setattr__(artefact, "head", "softmax")
    return lambda *where: Source(manifest, artefact, Selection(where))


def test_a_label_that_is_its_place_gets_its_name(source):
    assert [segment.label for segment in source().segments()] == ["joy", "joy", None]


def test_it_is_selected_by_its_name(source):
    assert [segment.segment_id for segment in source("label=joy").segments()] == ["a", "b"]
