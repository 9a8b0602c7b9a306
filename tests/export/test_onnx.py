"""Where the weights of a graph stand."""

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest

import export.onnx
from export.artefact import ArtefactError, load_artefact
from export.names import graph_names
from export.onnx import EXTERNAL_BYTES, PAGE_BYTES, save_model
from media.modality import MODALITIES


@pytest.fixture
def external(resave, tmp_path, monkeypatch):
    """The shipped artefact, its graphs' weights beside them."""
    monkeypatch.setattr(export.onnx, "EXTERNAL_BYTES", 1)
    return resave(tmp_path / "external")


def encode_text(folder):
    session = onnxruntime.InferenceSession(folder / "text_encoder.onnx", providers=["CPUExecutionProvider"])
    given = {"ids": np.array([0, 7, 8, 2]), "player": np.array([-1, 0, 1, -1]), "keep": np.eye(2, dtype=bool)}
    return session.run(None, given)[0]


def weights_of(path):
    return onnx.load(path, load_external_data=False).graph.initializer


def test_small_weights_stand_in_the_graph(demo, tmp_path):
    save_model(ir.load(demo / "text_encoder.onnx"), tmp_path / "text_encoder.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["text_encoder.onnx"]
    assert max(path.stat().st_size for path in demo.iterdir()) < EXTERNAL_BYTES / 10


def test_large_weights_stand_beside_it_each_on_a_page(external):
    names = {f"{name}.onnx" for name in graph_names(MODALITIES)}
    assert {path.name for path in external.glob("*.onnx*")} == names | {f"{name}.data" for name in names}
    for name in names:
        outside = [w for w in weights_of(external / name) if w.data_location == onnx.TensorProto.EXTERNAL]
        entries = [{entry.key: entry.value for entry in weight.external_data} for weight in outside]
        assert {entry["location"] for entry in entries} == {f"{name}.data"}
        assert all(int(entry["offset"]) % PAGE_BYTES == 0 for entry in entries)
        assert (external / name).stat().st_size < (external / f"{name}.data").stat().st_size + (1 << 20)


def test_the_numbers_are_those_of_the_single_file(demo, external):
    np.testing.assert_array_equal(encode_text(external), encode_text(demo))


def test_the_folder_may_be_moved(demo, external, tmp_path):
    moved = external.rename(tmp_path / "elsewhere")
    assert load_artefact(moved).labels == load_artefact(demo).labels
    np.testing.assert_array_equal(encode_text(moved), encode_text(demo))


def test_whoever_may_read_the_graph_may_read_its_weights(external):
    for path in external.glob("*.onnx"):
        assert (external / f"{path.name}.data").stat().st_mode == path.stat().st_mode


def test_missing_weights_are_named(external):
    (external / "text_encoder.onnx.data").unlink()
    with pytest.raises(ArtefactError, match=r"text_encoder\.onnx\.data is missing; export the artefact again"):
        load_artefact(external)


def test_changed_weights_are_named(external):
    with (external / "audio_encoder.onnx.data").open("r+b") as file:
        file.write(b"\x01")
    with pytest.raises(ArtefactError, match=r"audio_encoder\.onnx\.data isn't the file that passed"):
        load_artefact(external)
