"""The original code's logits once more, from its checkpoint through `mmexplain export` and ONNX Runtime."""

from functools import cache

import numpy as np
import pytest

from export.artefact import load_artefact
from export.names import graph_names, pair_graph
from mmexplain.exporting import Unrecorded, export_checkpoint
from sseft.terms import pairs_of, term_name

LOGITS = 1e-4
KEEP = np.ones((1, 1), dtype=bool)


@pytest.fixture(scope="module")
def graphs_of(tmp_path_factory, sessions):
    """The artefact's graphs of a checkpoint."""

    @cache
    def export(checkpoint):
        folder = tmp_path_factory.mktemp("artefacts") / "model"
        export_checkpoint(folder, checkpoint, Unrecorded())
        modalities = load_artefact(folder).modalities
        return modalities, sessions(folder, graph_names(modalities))

    return export


def logits_of(graphs, modalities, case):
    """Logits [7] of a clip of which every coalition keeps everything."""
    encodings = {}
    if "text" in modalities:
        encodings["text"] = graphs.run("text_encoder", ids=case.ids, player=np.zeros_like(case.ids), keep=KEEP)
    if "audio" in modalities:
        player = np.zeros(len(case.wave), np.int64)
        encodings["audio"] = graphs.run("audio_encoder", wave=case.wave, player=player, keep=KEEP)
    if "video" in modalities:
        encodings["video"] = graphs.run("video_encoder", features=features_of(graphs, case))
    terms = {m: encoding[:, 0] for m, encoding in encodings.items()}
    for x, y in pairs_of(modalities):
        both = graphs.run(pair_graph(x, y), x=encodings[x], y=encodings[y])
        terms[term_name(x, y)], terms[term_name(y, x)] = both
    return graphs.run("head", **{node.name: terms[node.name] for node in graphs["head"].get_inputs()})[0, 0, 0]


def features_of(graphs, case):
    if case.features is not None:
        return case.features[None]
    player = np.zeros((len(case.pictures), 4, 4), np.int64)
    return graphs.run("video_frames", frames=case.pictures, player=player, keep=KEEP)


def assert_logits(exported, cases):
    modalities, graphs = exported
    for case in cases:
        np.testing.assert_allclose(logits_of(graphs, modalities, case), case.logits, rtol=0, atol=LOGITS)


def test_an_exported_checkpoint_has_the_original_s_logits(graphs_of, reference_checkpoint, reference_cases):
    # Text alone: the encoders of sound and picture have their published width, and take a minute and a half.
    assert_logits(graphs_of(reference_checkpoint("t")), reference_cases("t"))


def test_every_original_case_and_file_from_end_to_end(graphs_of, whole_reference):
    checkpoint, cases = whole_reference
    assert_logits(graphs_of(checkpoint), cases)
