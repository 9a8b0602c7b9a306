import argparse
import os
import pickle
import re
from pathlib import Path

import pytest
import torch

from media.modality import MODALITIES
from sseft.checkpoint import load_sseft, read_checkpoint
from sseft.pickles import CheckpointError
from sseft.presets import published

ROBERTA = "model_text2vec.model.decoder.sentence_encoder"
WAV2VEC = "model_wav2vec"
FABNET = "model_vid2vec.encoder"
FUSION = "decoder.sentence_encoder"
HEAD = "classification_heads.emotion_classification_head"

FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before-torch-1.6"])


@pytest.fixture
def original(reference):
    """Arguments and weights, free to be changed."""
    args, weights = read_checkpoint(reference / "tiny_all.pt")
    return argparse.Namespace(**vars(args)), dict(weights)


@pytest.fixture
def save(tmp_path):
    def write(args, weights, *, zipped=True, **more):
        path = tmp_path / "checkpoint.pt"
        torch.save({"args": args, "model": weights, **more}, path, _use_new_zipfile_serialization=zipped)
        return path

    return write


def logits_of(model):
    generator = torch.Generator().manual_seed(0)
    encodings = {
        "text": model.encode_text(torch.tensor([[0, 5, 6, 2]])),
        "audio": model.encode_audio(torch.randn(1, 2000, generator=generator)),
        "video": model.encode_video(model.frame_features(torch.rand(2, 3, 256, 256, generator=generator))[None]),
    }
    return model(encodings)


# Both serialisations


def test_the_reference_holds_the_pickled_meters_that_make_plain_loading_fail(reference):
    plain = torch.serialization.safe_globals([argparse.Namespace])
    with plain, pytest.raises(pickle.UnpicklingError, match=r"fairseq\.meters"):
        torch.load(reference / "tiny_all.pt", weights_only=True)


def test_both_serialisations_give_the_same_model(reference, original, save):
    expected = logits_of(load_sseft(reference / "tiny_all.pt"))
    for zipped in (True, False):
        path = save(*original, zipped=zipped)
        assert (path.read_bytes()[:2] == b"PK") == zipped
        assert torch.equal(logits_of(load_sseft(path)), expected)


def test_reading_leaves_torch_s_list_of_trusted_classes_as_it_was(reference, tmp_path):
    before = set(torch.serialization.get_safe_globals())
    read_checkpoint(reference / "tiny_all.pt")
    (tmp_path / "none.pt").write_text("none")
    with pytest.raises(CheckpointError):
        read_checkpoint(tmp_path / "none.pt")
    assert set(torch.serialization.get_safe_globals()) == before


# Nothing that a file pickles is executed


class Payload:
    """Calls what it is told to call, in whoever unpickles it."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def payloads(marker):
    return {
        "system": Payload(os.system, f"touch {marker}"),
        "exec": Payload(exec, f"open({str(marker)!r}, 'w')"),
        "open": Payload(open, str(marker), "w"),
        "a nested function": Payload(Path.touch, marker),
    }


@FORMATS
@pytest.mark.parametrize("name", list(payloads(Path("marker"))))
@pytest.mark.parametrize("where", ["args", "model", "extra_state"])
def test_a_pickle_that_calls_something_is_refused_and_calls_nothing(tmp_path, save, name, where, zipped):
    marker = tmp_path / "executed"
    parts = {"args": argparse.Namespace(), "weights": {}, "zipped": zipped}
    payload = payloads(marker)[name]
    parts |= {"args": {"args": payload}, "model": {"weights": {"x": payload}}}.get(where, {where: [payload]})
    path = save(**parts)
    torch.load(path, weights_only=False)
    assert marker.exists(), "the payload must be a live one"
    marker.unlink()
    with pytest.raises(
        CheckpointError, match=r"checkpoint\.pt can't be read .* it pickles .*; don't trust it"
    ) as error:
        load_sseft(path)
    assert not marker.exists()
    assert "weights_only" not in str(error.value), "torch's advice would execute the payload"


def test_a_bare_pickle_is_refused_and_calls_nothing(tmp_path):
    marker = tmp_path / "executed"
    path = tmp_path / "bare.pt"
    path.write_bytes(pickle.dumps(Payload(os.system, f"touch {marker}"), protocol=2))
    with pytest.raises(CheckpointError, match=r"bare\.pt can't be read"):
        load_sseft(path)
    assert not marker.exists()


# Files that are no checkpoint of SSE-FT


@pytest.mark.parametrize(
    "content", [b"", b"hello world\n", b"PK\x03\x04" + bytes(100), b"\x80\x02\x8ah", b"\x80\x02]\xff."]
)
def test_other_files_are_refused_by_their_name(tmp_path, content):
    path = tmp_path / "other.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"other\.pt can't be read as a checkpoint"):
        load_sseft(path)


def test_missing_files_and_folders_are_refused_by_their_name(tmp_path):
    for path in (tmp_path / "missing.pt", tmp_path):
        with pytest.raises(CheckpointError, match=path.name):
            load_sseft(path)


@FORMATS
@pytest.mark.parametrize("part", [0.001, 0.01, 0.3, 0.9, 0.999])
def test_truncated_files_are_refused(original, save, zipped, part):
    path = save(*original, zipped=zipped)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt can't be read"):
        load_sseft(path)


@pytest.mark.parametrize("content", [{"model": {}}, {"args": argparse.Namespace()}, [1, 2], torch.zeros(3)])
def test_files_without_arguments_and_weights_are_refused(tmp_path, content):
    path = tmp_path / "checkpoint.pt"
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="holds no 'args' and 'model'"):
        load_sseft(path)


@pytest.mark.parametrize(
    ("args", "weights"), [(argparse.Namespace(), [torch.zeros(3)]), ({}, {})], ids=["list", "args"]
)
def test_arguments_and_weights_of_other_types_are_refused(save, args, weights):
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt holds 'args' and 'model' of other types"):
        load_sseft(save(args, weights))


# Checkpoints that lack something, or hold it in another shape

NEEDED = [
    f"{ROBERTA}.embed_tokens.weight",
    f"{ROBERTA}.layers.0.self_attn.in_proj_weight",
    f"{ROBERTA}.layers.1.fc2.bias",
    f"{WAV2VEC}.feature_extractor.conv_layers.0.0.weight",
    f"{WAV2VEC}.feature_extractor.conv_layers.3.2.weight",
    f"{WAV2VEC}.feature_aggregator.conv_layers.11.3.bias",
    f"{FABNET}.0.weight",
    f"{FABNET}.12.running_mean",
    f"{FUSION}.SE_embeddings_a.weight",
    f"{FUSION}.embed_positions_v.weight",
    f"{FUSION}.layers_vt.1.self_attn.k_proj_weight",
    f"{FUSION}.layers_ta.0.self_attn.in_proj_bias",
    f"{FUSION}.layers_a.0.self_attn.in_proj_bias",
    f"{HEAD}.dense.weight",
    f"{HEAD}.out_proj.bias",
]


@pytest.mark.parametrize("key", NEEDED)
def test_a_missing_weight_is_named_by_the_file_s_key(original, save, key):
    args, weights = original
    del weights[key]
    with pytest.raises(CheckpointError, match=rf"checkpoint\.pt lacks the weight '{re.escape(key)}'"):
        load_sseft(save(args, weights))


@pytest.mark.parametrize("stack", ["feature_extractor.conv_layers.6.0", "feature_aggregator.conv_layers.11.1"])
def test_a_wav2vec_of_fewer_layers_is_refused_with_its_kernels(original, save, stack):
    args, weights = original
    del weights[f"{WAV2VEC}.{stack}.weight"]
    with pytest.raises(CheckpointError, match=r"a wav2vec of the kernels \(10, 8, 4, .*the strides of no other model"):
        load_sseft(save(args, weights))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (f"{FUSION}.embed_positions_a.weight", "(936, 32)"),
        (f"{FUSION}.layers_tv.0.self_attn.v_proj_weight", "(64, 16)"),
        (f"{FUSION}.layers_tv.0.self_attn.in_proj_bias", "(64,)"),
        (f"{ROBERTA}.layers.0.self_attn.in_proj_weight", "(64, 64)"),
        (f"{ROBERTA}.layers.0.fc2.weight", "(64, 128)"),
        (f"{WAV2VEC}.feature_extractor.conv_layers.2.0.weight", "(32, 32, 4)"),
        (f"{FABNET}.8.weight", "(32, 16, 4, 4)"),
        (f"{HEAD}.dense.weight", "(112, 112)"),
    ],
)
@pytest.mark.parametrize("change", ["shorter", "scalar"])
def test_a_weight_of_another_shape_is_named_with_both_shapes(original, save, key, expected, change):
    args, weights = original
    weights[key] = weights[key][:-1].clone() if change == "shorter" else torch.tensor(1.0)
    with pytest.raises(CheckpointError, match=rf"'{re.escape(key)}' in the shape") as error:
        load_sseft(save(args, weights))
    assert f"shape {tuple(weights[key].shape)}" in str(error.value)
    assert str(error.value).endswith((f"it needs {expected}", f"not {expected.count(',') + 1}-D"))


def test_the_heads_of_a_roberta_of_no_named_size_are_asked_for(original, save):
    args, weights = original
    weights = {key: value for key, value in weights.items() if f"{ROBERTA}.layers.1." not in key}
    path = save(args, weights)
    with pytest.raises(CheckpointError, match=r"1 layers of 64 features, .* roberta-large, .* by --text-heads"):
        load_sseft(path)
    assert load_sseft(path, text_heads=2).config.text.heads == 2


@pytest.mark.parametrize("argument", ["activation_fn", "pooler_activation_fn"])
def test_another_activation_is_refused(original, save, argument):
    args, weights = original
    setattr(args, argument, "relu")
    with pytest.raises(CheckpointError, match=rf"'{argument}': 'relu'.*what is built here"):
        load_sseft(save(args, weights))


@pytest.mark.parametrize(
    ("argument", "value"),
    [("encoder_attention_heads", 0), ("encoder_ffn_embed_dim", -1), ("max_sample_size", 100), ("encoder_layers", "a")],
)
def test_arguments_of_no_model_are_refused(original, save, argument, value):
    args, weights = original
    setattr(args, argument, value)
    with pytest.raises(CheckpointError, match="no SSE-FT that this project can build"):
        load_sseft(save(args, weights))


def test_a_model_of_shorter_sounds_takes_the_first_of_its_positions(original, save):
    args, weights = original
    args.max_sample_size = 100_000
    model = load_sseft(save(args, weights))
    assert torch.equal(model.audio.positions, weights[f"{FUSION}.embed_positions_a.weight"][2 : 2 + 624])


@pytest.mark.parametrize("argument", ["encoder_layers_cross", "num_classes", "all_in", "max_sample_size"])
def test_a_missing_argument_is_named(original, save, argument):
    args, weights = original
    delattr(args, argument)
    with pytest.raises(CheckpointError, match=argument):
        load_sseft(save(args, weights))


def test_as_many_labels_as_classes(original, save, reference):
    args, weights = original
    args.num_classes = 8
    for part in ("weight", "bias"):
        key = f"{HEAD}.out_proj.{part}"
        weights[key] = torch.cat([weights[key], weights[key][:1]])
    path = save(args, weights)
    with pytest.raises(CheckpointError, match="8 classes and 7 labels; name its labels"):
        load_sseft(path)
    labels = tuple("abcdefgh")
    assert load_sseft(path, labels=labels).config.labels == labels
    with pytest.raises(CheckpointError, match="7 classes and 8 labels"):
        load_sseft(reference / "tiny_all.pt", labels=labels)


# Variants

FLAGS = [
    ("all_in", ("text", "audio", "video")),
    ("t_only", ("text",)),
    ("a_only", ("audio",)),
    ("v_only", ("video",)),
    ("t_only a_only", ("text", "audio")),
    ("a_only v_only", ("audio", "video")),
    ("t_only v_only", ("text", "video")),
    # The original builds all layers then, but its last branch shows the head text and video alone.
    ("t_only a_only v_only", ("text", "video")),
    ("t_only a_only v_only all_in", ("text", "audio", "video")),
]


@pytest.mark.parametrize(("flags", "modalities"), FLAGS)
def test_flags_choose_the_modalities_that_the_head_sees(original, save, flags, modalities):
    args, weights = original
    for flag in ("t_only", "a_only", "v_only", "all_in"):
        setattr(args, flag, flag in flags.split())
    size = sum({"text": 64, "audio": 32, "video": 16}[modality] for modality in modalities)
    weights[f"{HEAD}.dense.weight"] = weights[f"{HEAD}.dense.weight"][:size, :size].clone()
    weights[f"{HEAD}.dense.bias"] = weights[f"{HEAD}.dense.bias"][:size].clone()
    weights[f"{HEAD}.out_proj.weight"] = weights[f"{HEAD}.out_proj.weight"][:, :size].clone()
    model = load_sseft(save(args, weights))
    assert model.config.modalities == modalities
    shape = [2 if m in modalities else 1 for m in MODALITIES]
    assert model({m: torch.ones(2, 3, model.config.dim(m)) for m in modalities}).shape == (*shape, 7)


def test_no_flag_at_all_is_refused_as_in_the_original(original, save):
    args, weights = original
    args.all_in = False
    with pytest.raises(CheckpointError, match="one to three"):
        load_sseft(save(args, weights))


# The published size


@pytest.fixture(scope="module")
def published_checkpoint(reference, tmp_path_factory):
    """Every key and shape of a checkpoint of the published size, without its 1.7 GB."""
    weights = {}
    for line in (reference / "published_keys.txt").read_text().splitlines():
        key, shape, dtype = line.split("\t")
        sizes = [int(size) for size in shape.strip("()").split(",") if size.strip()]
        weights[key] = torch.empty(sizes, dtype=getattr(torch, dtype.removeprefix("torch.")), device="meta")
    config = published()
    args = argparse.Namespace(
        all_in=True,
        t_only=False,
        a_only=False,
        v_only=False,
        encoder_ffn_embed_dim=config.fusion.ffn_dim,
        encoder_attention_heads=config.fusion.heads,
        encoder_layers=config.fusion.self_layers,
        encoder_layers_cross=config.fusion.cross_layers,
        max_sample_size=150_000,
        num_classes=7,
    )
    path = tmp_path_factory.mktemp("published") / "checkpoint.pt"
    torch.save({"args": args, "model": weights}, path)
    return path


def test_a_checkpoint_of_the_published_size_fits_the_published_preset(published_checkpoint):
    with torch.device("meta"):
        model = load_sseft(published_checkpoint)
    assert model.config == published()


@pytest.mark.parametrize(
    "other", [{"encoder_layers": 2}, {"encoder_layers_cross": 2}, {"encoder_ffn_embed_dim": 512}], ids=str
)
def test_a_checkpoint_of_the_published_size_fits_no_other(published_checkpoint, tmp_path, other):
    args, weights = read_checkpoint(published_checkpoint)
    path = tmp_path / "checkpoint.pt"
    torch.save({"args": argparse.Namespace(**vars(args) | other), "model": weights}, path)
    with torch.device("meta"), pytest.raises(CheckpointError):
        load_sseft(path)
