"""From a model to an artefact, with as few layers as it has parts."""

import json
import shutil
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from tokenizers import normalizers, pre_tokenizers

import export.build
from export.artefact import ArtefactError, absent_encodings, file_digest, load_artefact
from export.build import build_artefact
from export.names import graph_names
from export.parity import TOLERANCE, ParityError, measure_parity
from media import find_tokenizer, load_tokenizer, tokenize
from media.vocabulary import train_tokenizer
from sseft.untrained import untrained

VARIANTS = [("text",), ("text", "video"), ("audio", "video"), ("text", "audio", "video")]


@pytest.fixture(params=VARIANTS, ids="+".join)
def build(request, build_of):
    return build_of(request.param)


def test_an_artefact_passed_its_gate_and_describes_its_model(build):
    config = build.model.config
    artefact = load_artefact(build.folder)
    assert artefact == build.artefact
    assert 0 <= artefact.parity <= TOLERANCE
    assert artefact.modalities == config.modalities
    assert artefact.dims == {m: config.dim(m) for m in config.modalities}
    assert set(artefact.baselines) == set(config.modalities)
    assert artefact.labels == config.labels
    assert (artefact.tokens.mask_id, artefact.tokens.vocab_size) == (999, 1000)
    assert artefact.preprocessing.max_samples == 150_000
    assert set(artefact.files) == {f"{graph}.onnx" for graph in graph_names(config.modalities)} | {"absent.npz"}


@pytest.mark.parametrize(("head", "logits"), [("score", 1), ("binary", 8)])
def test_another_head_passes_the_gate_and_is_described(build_of, head, logits):
    built = build_of(("text",), head)
    artefact = load_artefact(built.folder)
    assert artefact == built.artefact
    assert artefact.head == head
    assert artefact.labels == {"score": ("sentiment",), "binary": ("neutral", "sadness", "anger", "happiness")}[head]
    assert artefact.parity <= TOLERANCE
    assert built.graphs.run("head", text=np.ones((2, 64), np.float32)).shape == (2, 1, 1, logits)


def test_the_described_parity_is_the_measured_one(text_build):
    assert text_build.artefact.parity == measure_parity(text_build.model, text_build.folder)


def test_a_model_of_short_texts_passes_its_gate_too(small_config, tmp_path):
    config = small_config("text")
    model = untrained(replace(config, text=replace(config.text, max_tokens=12)), 0)
    artefact = build_artefact(model, tmp_path / "model", provenance="a test", trained=False)
    assert artefact.parity <= TOLERANCE
    assert artefact.preprocessing.max_tokens == 12


def test_nothing_else_stands_beside_a_new_artefact(build):
    assert list(build.folder.parent.iterdir()) == [build.folder]


def test_new_graphs_hold_no_path_of_this_machine(build, names_in):
    paths = [str(path).encode() for path in (build.folder.parents[1], *torch.__path__)]
    for path in build.folder.glob("*.onnx"):
        content = names_in(path)
        assert not any(text in content for text in (*paths, b"site-packages", b".py")), path.name


def test_absent_modalities_have_the_model_s_encoding_of_nothing(build):
    model = build.model
    nothing = {
        "text": lambda: model.encode_text(torch.tensor([[0, 2]])),
        "audio": lambda: model.encode_audio(torch.zeros(1, 1)),  # too short for a frame
        "video": lambda: model.encode_video(torch.zeros(1, 0, 16)),
    }
    absent = absent_encodings(build.folder)
    assert set(absent) == set(model.config.modalities)
    for modality, encoding in absent.items():
        np.testing.assert_allclose(encoding, nothing[modality](), rtol=0, atol=1e-5)


def test_the_logits_of_one_modality_keep_three_axes(text_build):
    player = np.array([-1, 0, 1, -1])
    keep = np.array(list(product([False, True], repeat=2)))
    encoding = text_build.graphs.run("text_encoder", ids=np.array([0, 7, 8, 2]), player=player, keep=keep)
    logits = text_build.graphs.run("head", text=encoding[:, 0])
    assert logits.shape == (4, 1, 1, 7)
    for mask, row in zip(keep, logits, strict=True):
        ids = torch.tensor([[0, 7 if mask[0] else 999, 8 if mask[1] else 999, 2]])
        expected = text_build.model({"text": text_build.model.encode_text(ids)})
        np.testing.assert_allclose(row, expected[0], rtol=0, atol=1e-5)


def test_the_logits_of_two_modalities_keep_three_axes(build_of):
    built = build_of(("text", "video"))
    rng = np.random.default_rng(0)
    text, video = (rng.normal(size=(k, 3, d)).astype(np.float32) for k, d in ((4, 64), (2, 16)))
    text_video, video_text = built.graphs.run("pairs_text_video", x=text, y=video)
    logits = built.graphs.run("head", text_video=text_video, video_text=video_text)
    assert logits.shape == (4, 1, 2, 7)
    expected = built.model({"text": torch.from_numpy(text), "video": torch.from_numpy(video)})
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5)


def test_the_axis_of_a_missing_text_is_there_and_has_length_one(build_of):
    built = build_of(("audio", "video"))
    rng = np.random.default_rng(0)
    terms = {
        "audio_video": rng.normal(size=(3, 2, 32)).astype(np.float32),
        "video_audio": rng.normal(size=(2, 3, 16)).astype(np.float32),
    }
    logits = built.graphs.run("head", **terms)
    assert logits.shape == (1, 3, 2, 7)
    expected = built.model.classify({name: torch.from_numpy(term) for name, term in terms.items()})
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5)


# What is refused, and that it leaves nothing behind


@pytest.fixture
def exported_before(monkeypatch, text_build):
    """Instead of exporting, take the graphs of `text_build`, whatever the model."""

    def take(graph, path, _):
        shutil.copyfile(text_build.folder / f"{graph.name}.onnx", path)

    monkeypatch.setattr(export.build, "save_graph", take)


@pytest.mark.usefixtures("exported_before")
def test_graphs_of_other_weights_are_refused_and_leave_nothing(small_config, tmp_path):
    model = untrained(small_config("text"), 1)
    with pytest.raises(ParityError, match="no artefact was written"):
        build_artefact(model, tmp_path / "artefacts" / "model", provenance="a test", trained=False)
    assert list((tmp_path / "artefacts").iterdir()) == []


def test_a_failing_export_leaves_nothing(monkeypatch, text_build, tmp_path):
    def fail(graph, path, _):
        path.write_bytes(b"half a graph")
        raise RuntimeError(graph.name)

    monkeypatch.setattr(export.build, "save_graph", fail)
    with pytest.raises(RuntimeError, match="text_encoder"):
        build_artefact(text_build.model, tmp_path / "model", provenance="a test", trained=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("exported_before")
def test_a_folder_that_exists_is_refused_and_left_as_it_was(text_build, tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(ArtefactError, match="exists already; remove it or choose another folder"):
        build_artefact(text_build.model, tmp_path, provenance="a test", trained=False)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


# The tokenizer


@pytest.mark.usefixtures("exported_before")
def test_the_tokenizer_travels_with_the_artefact(text_build, tmp_path):
    source = tmp_path / "source.json"
    source.write_text(train_tokenizer(["one two three"], 300).to_str())  # not as `save` lays it out
    folder = tmp_path / "model"
    artefact = build_artefact(text_build.model, folder, provenance="a test", trained=True, tokenizer=source)
    assert "tokenizer.json" in artefact.files
    assert (folder / "tokenizer.json").read_bytes() == source.read_bytes()
    assert load_artefact(folder).trained


@pytest.fixture
def write_fairseq(tmp_path):
    """Writes fairseq's files: some or all bytes, and by default so many lines that `<mask>` is the tiny model's."""

    def write(lines=995, lacking=()):
        folder = tmp_path / "fairseq"
        folder.mkdir()
        pieces = {piece: number for number, piece in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
        words = [number for piece, number in reversed(pieces.items()) if piece not in lacking]
        words += [f"madeupword{number:04}" for number in range(lines - len(words))]
        (folder / "encoder.json").write_text(json.dumps(pieces))
        (folder / "vocab.bpe").write_text("#version: 0.2\n")
        (folder / "dict.txt").write_text("".join(f"{word} 1\n" for word in words))
        return folder

    return write


@pytest.mark.usefixtures("exported_before")
def test_a_tokenizer_of_other_files_travels_as_tokenizer_json(text_build, tmp_path, write_fairseq):
    folder, source = tmp_path / "model", write_fairseq()
    artefact = build_artefact(text_build.model, folder, provenance="a test", trained=True, tokenizer=source)
    assert artefact.files["tokenizer.json"] == file_digest(folder / "tokenizer.json")
    stored = load_tokenizer(folder / "tokenizer.json")
    assert stored.get_vocab() == find_tokenizer(source).tokenizer.get_vocab()
    assert tokenize(stored, "!~", artefact.tokens, 512).ids.tolist() == [0, 259, 166, 2]


@pytest.mark.usefixtures("exported_before")
@pytest.mark.parametrize(
    ("lines", "message"),
    [(996, "1001 tokens, the model's embedding 1000"), (994, "gives <mask> the id 998, the model 999")],
)
def test_a_dictionary_of_another_size_is_refused(text_build, tmp_path, write_fairseq, lines, message):
    source = write_fairseq(lines)
    with pytest.raises(ArtefactError, match=message):
        build_artefact(text_build.model, tmp_path / "model", provenance="x", trained=True, tokenizer=source)


@pytest.mark.usefixtures("exported_before")
def test_pieces_that_the_dictionary_lacks_need_no_embedding(text_build, tmp_path, write_fairseq):
    folder, source = tmp_path / "model", write_fairseq(lacking="!")
    artefact = build_artefact(text_build.model, folder, provenance="a test", trained=True, tokenizer=source)
    stored = load_tokenizer(folder / "tokenizer.json")
    assert max(stored.get_vocab().values()) >= artefact.tokens.vocab_size
    assert tokenize(stored, "!~", artefact.tokens, 512).ids.tolist() == [0, 3, 166, 2]


@pytest.mark.usefixtures("exported_before")
def test_a_folder_s_tokenizer_json_is_copied_and_its_marks_are_compared_by_their_role(text_build, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "tokenizer.json").write_text(train_tokenizer(["one two three"], 300).to_str())
    folder = tmp_path / "model"
    build_artefact(text_build.model, folder, provenance="a test", trained=True, tokenizer=source)
    assert (folder / "tokenizer.json").read_bytes() == (source / "tokenizer.json").read_bytes()
    (source / "special_tokens_map.json").write_text(json.dumps({"cls_token": "</s>"}))
    with pytest.raises(ArtefactError, match=r"source gives </s> the id 2, the model 0; give the tokenizer"):
        build_artefact(text_build.model, tmp_path / "other", provenance="x", trained=True, tokenizer=source)


@pytest.fixture
def line_model(small_config):
    """The model of `text_build`, had it been trained on lines of files."""
    config = small_config("text")
    return untrained(replace(config, text=replace(config.text, trailing_newline=True)), 0)


@pytest.mark.usefixtures("exported_before")
def test_whether_texts_were_lines_is_described_and_read_again(line_model, text_build, tmp_path):
    line_model.load_state_dict(text_build.model.state_dict())
    source, folder = tmp_path / "source.json", tmp_path / "model"
    train_tokenizer(["one two three"], 300).save(str(source))
    build_artefact(line_model, folder, provenance="a test", trained=True, tokenizer=source)
    assert json.loads((folder / "artefact.json").read_text())["tokens"]["trailing_newline"] is True
    assert load_artefact(folder).tokens == replace(text_build.artefact.tokens, trailing_newline=True)


@pytest.mark.usefixtures("exported_before")
def test_a_tokenizer_that_drops_a_line_s_end_can_not_read_lines(line_model, tmp_path):
    tokenizer = train_tokenizer(["one two three"], 300)
    tokenizer.normalizer = normalizers.Strip()
    tokenizer.save(str(tmp_path / "source.json"))
    with pytest.raises(ArtefactError, match=r"makes no token of a line's end; export without --trailing-newline"):
        build_artefact(line_model, tmp_path / "model", provenance="x", trained=True, tokenizer=tmp_path / "source.json")


@pytest.mark.usefixtures("exported_before")
@pytest.mark.parametrize(
    ("content", "message"), [("big", "1001 tokens, the model's embedding 1000"), ("{", "source.json"), (None, "source")]
)
def test_a_tokenizer_that_does_not_fit_is_refused_and_leaves_nothing(text_build, tmp_path, content, message):
    source = tmp_path / "source.json"
    if content == "big":
        tokenizer = train_tokenizer(["a"], 300)
        tokenizer.add_tokens([f"<{i}>" for i in range(1001 - tokenizer.get_vocab_size())])
        tokenizer.save(str(source))
    elif content:
        source.write_text(content)
    with pytest.raises(ArtefactError, match=message):
        build_artefact(
            text_build.model, tmp_path / "out" / "model", provenance="a test", trained=True, tokenizer=source
        )
    assert list((tmp_path / "out").iterdir()) == []
