import hashlib
import json
import shutil
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest

from export.artefact import ArtefactError, absent_encodings, file_digest, load_artefact
from export.names import graph_names
from media.modality import MODALITIES


@pytest.fixture
def copied(demo, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(demo, folder)
    return folder


@pytest.fixture
def change(copied):
    """Changes the description of a copied artefact."""

    def write(**fields):
        path = copied / "artefact.json"
        described = json.loads(path.read_text()) | fields
        path.write_text(json.dumps({key: value for key, value in described.items() if value is not None}))

    return write


def test_a_description_survives_being_written_and_read(demo, tmp_path):
    artefact = load_artefact(demo)
    shutil.copytree(demo, tmp_path / "model")
    artefact.write(tmp_path / "model")
    again = load_artefact(tmp_path / "model")
    assert again == artefact
    assert again.digest == artefact.digest


def test_the_shipped_artefact_is_trained_small_and_names_every_file(demo):
    artefact = load_artefact(demo)
    files = {path.name for path in demo.iterdir()} - {"artefact.json"}
    assert set(artefact.files) == files
    assert files == {f"{name}.onnx" for name in graph_names(MODALITIES)} | {"absent.npz", "tokenizer.json"}
    for name, digest in artefact.files.items():
        assert hashlib.sha256((demo / name).read_bytes()).hexdigest() == digest
    assert artefact.trained
    assert sum(path.stat().st_size for path in demo.iterdir()) < 8_000_000
    assert "random weights" not in artefact.provenance
    assert artefact.parity <= 1e-4


def test_a_description_from_before_trailing_newlines_is_one_without_them(copied, change):
    tokens = json.loads((copied / "artefact.json").read_text())["tokens"]
    tokens.pop("trailing_newline", None)
    change(tokens=tokens)
    assert load_artefact(copied).tokens.trailing_newline is False


def test_the_encodings_of_absent_modalities_are_an_empty_text_and_two_cls(demo):
    artefact = load_artefact(demo)
    absent = absent_encodings(demo)
    lengths = {"text": 2, "audio": 1, "video": 1}
    assert {m: e.shape for m, e in absent.items()} == {m: (1, lengths[m], artefact.dims[m]) for m in MODALITIES}
    assert {e.dtype for e in absent.values()} == {np.dtype(np.float32)}


def test_no_graph_holds_a_path_of_the_machine_that_exported(demo, names_in):
    sought = (b"/home", b"/tmp", b"/root", b"/usr", b"/work", b"site-packages", b".py", b"Traceback")
    for path in demo.glob("*.onnx"):
        content = names_in(path)
        assert b"keep" in content or b"masks" in content, "the names of inputs and axes must still be there"
        assert [text for text in sought if text in content] == [], path.name


def test_a_variant_has_an_encoder_per_modality_a_graph_per_pair_and_a_head():
    assert graph_names(("text",)) == ("text_encoder", "head")
    assert graph_names(("audio", "video")) == (
        "audio_encoder",
        "video_frames",
        "video_encoder",
        "pairs_audio_video",
        "head",
    )
    assert len(graph_names(MODALITIES)) == 8
    for modalities in combinations(MODALITIES, 2):
        assert set(graph_names(modalities)) < set(graph_names(MODALITIES))


# The digest


def test_the_digest_changes_with_any_file(copied, change):
    seen = {load_artefact(copied).digest}
    for name in sorted(load_artefact(copied).files):
        content = (copied / name).read_bytes()
        (copied / name).write_bytes(content + b" ")
        change(files=load_files(copied) | {name: file_digest(copied / name)})
        seen.add(load_artefact(copied).digest)
    assert len(seen) == 1 + len(load_files(copied))


@pytest.mark.parametrize(
    "fields",
    [{"trained": False}, {"labels": list("abcdefg")}, {"baselines": {}}, {"provenance": "another"}, {"head": "binary"}],
    ids=str,
)
def test_the_digest_changes_with_the_description(copied, change, fields):
    before = load_artefact(copied).digest
    change(**fields)
    assert load_artefact(copied).digest != before


def load_files(folder):
    return json.loads((folder / "artefact.json").read_text())["files"]


def test_an_artefact_of_before_there_were_other_heads_has_a_softmax(copied, change):
    change(head=None)
    assert "head" not in json.loads((copied / "artefact.json").read_text())
    older = load_artefact(copied)
    change(head="softmax")
    assert older.head == "softmax"
    assert load_artefact(copied) == older


# What is refused


def test_a_folder_without_description_is_refused(tmp_path):
    with pytest.raises(ArtefactError, match=r"artefact\.json doesn't exist; make an artefact by `mmexplain export`"):
        load_artefact(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00"])
def test_a_description_that_is_no_json_is_refused(copied, content):
    (copied / "artefact.json").write_bytes(content)
    with pytest.raises(ArtefactError, match=r"artefact\.json can't be read"):
        load_artefact(copied)


@pytest.mark.parametrize("content", ["[]", "null", "1"])
def test_json_that_describes_nothing_is_refused(copied, content):
    (copied / "artefact.json").write_text(content)
    with pytest.raises(ArtefactError, match=r"artefact\.json doesn't describe an artefact; export it again"):
        load_artefact(copied)


@pytest.mark.parametrize("version", [0, 1, "2", None])
def test_another_schema_version_is_refused(copied, change, version):
    change(schema_version=version)
    with pytest.raises(ArtefactError, match=rf"schema version {version}, this is 2; export it again"):
        load_artefact(copied)


@pytest.mark.parametrize("field", ["modalities", "labels", "tokens", "dims", "files", "parity", "work"])
def test_a_description_without_a_field_is_refused_by_its_name(copied, change, field):
    change(**{field: None})
    with pytest.raises(ArtefactError, match=rf"doesn't describe an artefact: .*{field}.*; export it again"):
        load_artefact(copied)


@pytest.mark.parametrize("fields", [{"color": "red"}, {"tokens": {"bos": 0}}, {"preprocessing": {"fps": 25}}], ids=str)
def test_a_description_with_fields_that_nobody_knows_is_refused(copied, change, fields):
    change(**fields)
    with pytest.raises(ArtefactError, match=r"doesn't describe an artefact: .*(color|bos|fps).*; export it again"):
        load_artefact(copied)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"head": "sigmoid"}, "the head is 'sigmoid'; choose"),
        ({"head": "score"}, "score head has one label, not the 7"),
    ],
)
def test_a_head_that_nobody_knows_or_that_has_other_labels_is_refused(copied, change, fields, message):
    change(**fields)
    with pytest.raises(ArtefactError, match=rf"doesn't describe an artefact: .*{message}.*; export it again"):
        load_artefact(copied)


@pytest.mark.parametrize("name", ["head.onnx", "pairs_audio_video.onnx", "absent.npz"])
def test_a_description_that_leaves_out_a_file_that_explaining_needs_is_refused(copied, change, name):
    change(files={file: digest for file, digest in load_files(copied).items() if file != name})
    with pytest.raises(ArtefactError, match=rf"artefact\.json names no {name}; export it again"):
        load_artefact(copied)


@pytest.mark.parametrize("name", ["text_encoder.onnx", "absent.npz", "tokenizer.json"])
def test_a_missing_file_is_named(copied, name):
    (copied / name).unlink()
    with pytest.raises(ArtefactError, match=rf"{name} is missing; export the artefact again"):
        load_artefact(copied)


@pytest.mark.parametrize("name", ["audio_encoder.onnx", "absent.npz", "tokenizer.json"])
def test_a_file_changed_after_the_gate_is_named(copied, name):
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    with pytest.raises(ArtefactError, match=rf"{name} isn't the file that passed .*; export the artefact again"):
        load_artefact(copied)


# No torch


def test_an_artefact_is_read_without_torch(demo):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "sys.modules['torch'] = sys.modules['transformers'] = sys.modules['onnx'] = None\n"
        "from export.artefact import absent_encodings, load_artefact\n"
        "folder = Path(sys.argv[1])\n"
        "print(load_artefact(folder).digest, *absent_encodings(folder))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(demo)], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.split() == [load_artefact(demo).digest, *MODALITIES]
