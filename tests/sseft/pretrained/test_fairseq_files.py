"""Encoders from files of fairseq's and FAb-Net's layout, written from a model whose answers are known."""

import argparse
from dataclasses import replace

import pytest
import torch

from sseft.pickles import CheckpointError
from sseft.presets import ROBERTA_BASE, tiny
from sseft.pretrained.parts import Parts, assemble
from sseft.pretrained.roberta import text_config
from sseft.untrained import untrained
from sseft.weights import Weights

EXTRACTOR = "[(32, 10, 5), (32, 8, 4), (32, 4, 2), (32, 4, 2), (32, 4, 2), (32, 1, 1), (32, 1, 1)]"
AGGREGATOR = str([(32, kernel, 1) for kernel in range(2, 14)])
PREFIXES = {"roberta": "model_text2vec.model.", "wav2vec": "model_wav2vec.", "fabnet": "model_vid2vec."}


@pytest.fixture(scope="session")
def part(reference_weights):
    """The weights of one part of the original's checkpoint, by the names that its own file has."""

    def of(name):
        prefix = PREFIXES[name]
        return {k.removeprefix(prefix): v for k, v in reference_weights.items() if k.startswith(prefix)}

    return of


@pytest.fixture
def save(tmp_path):
    def write(weights, *, key="model", **more):
        path = tmp_path / "part.pt"
        torch.save({key: weights, **more}, path)
        return path

    return write


def newer(weights):
    """As later versions of fairseq name RoBERTa's weights."""
    renamed = {}
    for key, value in weights.items():
        name = key.replace("decoder.", "encoder.", 1).replace("emb_layer_norm", "layernorm_embedding")
        if ".in_proj_" in name:
            before, kind = name.split("in_proj_")
            renamed |= {f"{before}{x}_proj.{kind}": rows for x, rows in zip("qkv", value.chunk(3), strict=True)}
        else:
            renamed[name] = value
    return renamed


# RoBERTa


@pytest.mark.parametrize("names", ["older", "newer"])
@pytest.mark.parametrize("packed", ["file", "folder"])
def test_roberta_by_its_older_and_newer_names_is_the_checkpoint_s(part, save, reference_model, names, packed):
    weights = part("roberta")
    path = save(weights if names == "older" else newer(weights))
    path = path.rename(path.with_name("model.pt"))
    model = assemble(tiny(), Parts(roberta=path if packed == "file" else path.parent), 0)
    ids = torch.tensor([[0, 5, 77, 999, 2]])
    assert torch.equal(model.encode_text(ids), reference_model("all").encode_text(ids))


def test_the_newer_names_are_others(part):
    assert not set(newer(part("roberta"))) & {k for k in part("roberta") if "sentence_encoder" in k}


@pytest.mark.parametrize(
    "more",
    [
        {"args": argparse.Namespace(encoder_attention_heads=8)},
        {"args": None, "cfg": {"model": argparse.Namespace(encoder_attention_heads=8)}},
        {"args": None, "cfg": {"model": {"encoder_attention_heads": 8}}},
    ],
    ids=["args", "cfg of a namespace", "cfg of a dictionary"],
)
def test_its_heads_are_those_of_its_arguments(part, save, more):
    path = save(part("roberta"), **more)
    assert assemble(tiny(), Parts(roberta=path), 0).config.text.heads == 8
    assert assemble(tiny(), Parts(roberta=path), 0, text_heads=2).config.text.heads == 2


def test_without_arguments_its_size_tells_its_heads(tmp_path):
    sizes = {"embed_tokens.weight": (50265, 768), "embed_positions.weight": (514, 768)}
    sizes |= {f"layers.{i}.fc1.weight": (3072, 768) for i in range(12)}
    weights = {key: torch.empty(size, device="meta") for key, size in sizes.items()}
    assert text_config(Weights(tmp_path, weights), None) == ROBERTA_BASE


def test_a_missing_weight_of_the_newer_names_is_named_by_the_older(part, save):
    weights = newer(part("roberta"))
    del weights["encoder.sentence_encoder.layers.1.self_attn.k_proj.bias"]
    with pytest.raises(CheckpointError, match=r"lacks the weight 'encoder\.sentence_encoder\.layers\.1\.self_attn\.in"):
        assemble(tiny(), Parts(roberta=save(weights)), 0)


def test_a_roberta_that_is_not_built_here_is_refused(part, save):
    args = argparse.Namespace(activation_fn="relu")
    path = save(part("roberta"), args=args)
    with pytest.raises(CheckpointError, match=r"'activation_fn': 'relu'.*'activation_fn': 'gelu'"):
        assemble(tiny(), Parts(roberta=path), 0)
    path = save(part("roberta") | {"decoder.sentence_encoder.layer_norm.weight": torch.ones(64)})
    with pytest.raises(CheckpointError, match="normalises before its layers"):
        assemble(tiny(), Parts(roberta=path), 0)


@pytest.mark.parametrize("heads", [0, 5])
def test_heads_that_do_not_divide_its_width_are_refused(part, save, heads):
    path = save(part("roberta"))
    with pytest.raises(CheckpointError, match="no model can be built"):
        assemble(tiny(), Parts(roberta=path), 0, text_heads=heads)


# wav2vec 1.0


def arguments(**changes):
    names = {"conv_feature_layers": EXTRACTOR, "conv_aggregator_layers": AGGREGATOR, "residual_scale": 0.5}
    return argparse.Namespace(**names | {"skip_connections_agg": True, "log_compression": True} | changes)


@pytest.mark.parametrize("args", [None, arguments()], ids=["without arguments", "with arguments"])
def test_wav2vec_from_its_own_file_is_the_checkpoint_s(part, save, reference_model, args):
    model = assemble(tiny(), Parts(wav2vec=save(part("wav2vec"), args=args)), 0)
    waves = torch.randn(2, 9_000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.wav2vec(waves), reference_model("all").wav2vec(waves))


def test_its_strides_and_residual_scale_are_those_of_its_arguments(part, save):
    args = arguments(conv_feature_layers=EXTRACTOR.replace("(32, 8, 4)", "(32, 8, 2)"), residual_scale=0.25)
    config = assemble(tiny(), Parts(wav2vec=save(part("wav2vec"), args=args)), 0).config.audio
    assert config.extractor[1] == (8, 2)
    assert config.residual_scale == 0.25


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"log_compression": False}, r"a model with \{'log_compression': False\}; .* \{'log_compression': True\}"),
        ({"skip_connections_feat": True}, "'skip_connections_feat': True"),
        ({"vq_type": "gumbel"}, "'vq_type': 'gumbel'"),
        ({"conv_aggregator_layers": AGGREGATOR.replace("4, 1)", "4, 2)")}, "an aggregator with strides"),
        ({"conv_feature_layers": "[(32, 10, 5)] * 7"}, "conv_feature_layers='.*', which is no list of layers"),
        ({"conv_aggregator_layers": None}, "conv_aggregator_layers=None, which is no list of layers"),
        ({"conv_aggregator_layers": "[(32, 3, 1)]"}, "holds a wav2vec of the kernels"),
    ],
    ids=str,
)
def test_a_wav2vec_that_is_not_built_here_is_refused(part, save, changes, message):
    with pytest.raises(CheckpointError, match=message):
        assemble(tiny(), Parts(wav2vec=save(part("wav2vec"), args=arguments(**changes))), 0)


def test_arguments_without_layers_count_too(part, save):
    args = argparse.Namespace(residual_scale=0.25, vq_type=None)
    assert assemble(tiny(), Parts(wav2vec=save(part("wav2vec"), args=args)), 0).config.audio.residual_scale == 0.25
    path = save(part("wav2vec"), args=argparse.Namespace(log_compression=False))
    with pytest.raises(CheckpointError, match="'log_compression': False"):
        assemble(tiny(), Parts(wav2vec=path), 0)


# FAb-Net


def test_fabnet_from_its_own_file_is_the_checkpoint_s(part, save, reference_model):
    decoder = {"decoder.0.weight": torch.zeros(3)}
    model = assemble(tiny(), Parts(fabnet=save(part("fabnet") | decoder, key="state_dict_model", epoch=7)), 0)
    pictures = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.frame_features(pictures), reference_model("all").frame_features(pictures))


def test_a_fabnet_from_before_batches_were_counted_is_the_same(part, save, reference_model):
    weights = {key: value for key, value in part("fabnet").items() if "num_batches" not in key}
    assert len(weights) < len(part("fabnet"))
    model = assemble(tiny(), Parts(fabnet=save(weights, key="state_dict_model")), 0)
    pictures = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.frame_features(pictures), reference_model("all").frame_features(pictures))


# What isn't there


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("roberta", r"get roberta\.large\.tar\.gz"), ("wav2vec", r"get wav2vec_large\.pt"), ("fabnet", r"get the \.pth")],
)
def test_a_missing_file_says_what_to_get(tmp_path, name, remedy):
    with pytest.raises(CheckpointError, match=rf"part\.pt doesn't exist; {remedy}"):
        assemble(tiny(), Parts(**{name: tmp_path / "part.pt"}), 0)


@pytest.mark.parametrize(("name", "key"), [("roberta", "model"), ("wav2vec", "model"), ("fabnet", "state_dict_model")])
def test_a_file_of_something_else_is_refused(save, name, key):
    for weights, there in (({}, "other"), ({3: torch.ones(1)}, key)):
        path = save(weights, key=there)
        with pytest.raises(CheckpointError, match=rf"part\.pt holds no '{key}'"):
            assemble(tiny(), Parts(**{name: path}), 0)


def test_what_is_not_given_stays_random_and_as_it_was(part, save):
    model = assemble(tiny(), Parts(fabnet=save(part("fabnet"), key="state_dict_model")), 3)
    expected = untrained(replace(tiny(), video=model.config.video), 3).state_dict()
    same = {name for name, value in model.state_dict().items() if torch.equal(value, expected[name])}
    assert {name.split(".")[0] for name in expected.keys() - same} == {"fabnet"}
