"""Encoders from folders that transformers saved: transformers' own models are the oracle."""

import json

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    RobertaConfig,
    RobertaModel,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2Model,
)

from media import MediaError
from media.vocabulary import train_tokenizer
from sseft.pickles import CheckpointError
from sseft.presets import tiny
from sseft.pretrained.parts import Parts, assemble

VOCABULARY = 300
MASK = 4


@pytest.fixture(scope="module")
def roberta(tmp_path_factory):
    """A folder as RobBERT's, as wide but with fewer layers and words: `<mask>` isn't its last id."""
    folder = tmp_path_factory.mktemp("roberta")
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=VOCABULARY,
        hidden_size=768,
        num_hidden_layers=2,
        num_attention_heads=12,
        intermediate_size=3072,
        max_position_embeddings=130,
        type_vocab_size=1,
        layer_norm_eps=1e-6,
    )
    RobertaModel(config).save_pretrained(folder)
    tokenizer = train_tokenizer(["one two three"], VOCABULARY - 1)
    described = json.loads(tokenizer.to_str())
    described["model"]["vocab"] = {
        token: index + (index >= MASK) for token, index in described["model"]["vocab"].items()
    } | {"<mask>": MASK}
    (folder / "tokenizer.json").write_text(json.dumps(described))
    return folder


def wav2vec2_folder(folder, **changes):
    torch.manual_seed(0)
    small = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 40}
    small |= {"conv_dim": (12,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
    normalises = changes.pop("do_normalize", True)
    model = Wav2Vec2Model(Wav2Vec2Config(**small | changes)).eval()
    with torch.no_grad():  # weights whose outputs differ between frames
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(do_normalize=normalises).save_pretrained(folder)
    return folder


BASE = {"feat_extract_norm": "group", "do_normalize": True}
LARGE = {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True, "do_normalize": True}
RAW = {"feat_extract_norm": "group", "do_normalize": False}


# RoBERTa


def test_a_roberta_folder_has_transformers_features(roberta):
    model = assemble(tiny(), Parts(roberta=roberta), 0)
    ids = torch.tensor([[0, 9, 222, 4, 31, 2], [0, 9, 4, 4, 31, 2]])
    expected = RobertaModel.from_pretrained(roberta)(ids).last_hidden_state
    np.testing.assert_allclose(model.encode_text(ids), expected, rtol=0, atol=1e-5)


def test_its_dimensions_limits_and_mask_are_the_folder_s(roberta):
    config = assemble(tiny(), Parts(roberta=roberta), 0).config.text
    assert (config.vocab_size, config.dim, config.layers, config.heads) == (VOCABULARY, 768, 2, 12)
    assert (config.max_tokens, config.mask_id, config.norm_eps) == (128, MASK, 1e-6)


def test_its_width_is_that_of_fusion_too(roberta):
    model = assemble(tiny(), Parts(roberta=roberta), 0)
    assert model.head.dense.in_features == 768 + 32 + 16
    assert model.pair("text", "video", torch.ones(2, 3, 768), torch.ones(4, 5, 16))[0].shape == (2, 4, 768)


def test_a_folder_without_a_tokenizer_is_refused(roberta, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).symlink_to(roberta / name)
    with pytest.raises(MediaError, match=tmp_path.name):
        assemble(tiny(), Parts(roberta=tmp_path), 0)


def test_a_folder_without_weights_is_refused(roberta, tmp_path):
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).symlink_to(roberta / name)
    with pytest.raises(CheckpointError, match="holds no weights of RobertaModel"):
        assemble(tiny(), Parts(roberta=tmp_path), 0)


def test_a_folder_of_fewer_layers_than_it_says_is_refused(roberta, tmp_path):
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).symlink_to(roberta / name)
    config = json.loads((roberta / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(CheckpointError, match=r"lacks the weights encoder\.layer\.2\.attention"):
        assemble(tiny(), Parts(roberta=tmp_path), 0)


def test_another_kind_of_model_is_refused(tmp_path):
    BertModel(BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=1, vocab_size=50)).save_pretrained(
        tmp_path
    )
    with pytest.raises(CheckpointError, match=r"'model_type': 'bert'.*'model_type': 'roberta'"):
        assemble(tiny(), Parts(roberta=tmp_path), 0)


def test_a_folder_of_nothing_is_refused(tmp_path):
    for name in ("roberta", "wav2vec"):
        with pytest.raises(CheckpointError, match=r"has no config\.json that can be read"):
            assemble(tiny(), Parts(**{name: tmp_path}), 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vocab_size": 4}, r"the ids \{'mask': 4\} of 4 tokens|\{'mask': 4\} as ids in a vocabulary of 4"),
        ({"bos_token_id": None}, r"gives .*\{'bos': None\}"),
        ({"hidden_act": "relu"}, "'hidden_act': 'relu'"),
        ({"position_embedding_type": "relative_key"}, "'position_embedding_type': 'relative_key'"),
        ({"hidden_size": "wide"}, r"has no config\.json that can be read"),
        ({"model_type": ["roberta"]}, r"has no config\.json that can be read"),
    ],
    ids=str,
)
def test_a_roberta_that_is_not_built_here_is_refused(roberta, tmp_path, changes, message):
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).symlink_to(roberta / name)
    config = json.loads((roberta / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(CheckpointError, match=message):
        assemble(tiny(), Parts(roberta=tmp_path), 0)


def test_no_code_of_a_folder_is_run(tmp_path):
    (tmp_path / "mod.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')\nclass C: pass\n")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "mine", "auto_map": {"AutoConfig": "mod.C"}}))
    with pytest.raises(CheckpointError, match=r"has no config\.json that can be read"):
        assemble(tiny(), Parts(roberta=tmp_path), 0)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_pointer_to_weights_is_none(roberta, tmp_path, name):
    for there in ("config.json", "tokenizer.json"):
        (tmp_path / there).symlink_to(roberta / there)
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(CheckpointError, match="holds no weights of RobertaModel that can be read") as error:
        assemble(tiny(), Parts(roberta=tmp_path), 0)
    assert "weights_only" not in str(error.value)


# wav2vec 2.0


@pytest.mark.parametrize("kind", [BASE, LARGE, RAW], ids=["base", "large", "raw"])
@pytest.mark.parametrize("samples", [400, 719, 720, 9_000])
def test_a_wav2vec2_folder_has_transformers_features_at_real_length(tmp_path, kind, samples):
    folder = wav2vec2_folder(tmp_path, **kind)
    wave = np.random.default_rng(0).normal(0.02, 0.1, samples).astype(np.float32)
    prepared = Wav2Vec2FeatureExtractor.from_pretrained(folder)(wave, sampling_rate=16_000, return_tensors="pt")
    expected = Wav2Vec2Model.from_pretrained(folder)(prepared.input_values).last_hidden_state
    features = assemble(tiny(), Parts(wav2vec=folder), 0).wav2vec(torch.from_numpy(wave)[None])
    np.testing.assert_allclose(features, expected, rtol=0, atol=1e-5)


def test_a_wav2vec2_that_was_trained_without_masks_is_read(tmp_path):
    folder = wav2vec2_folder(tmp_path, mask_time_prob=0.0, mask_feature_prob=0.0)
    assert "masked_spec_embed" not in Wav2Vec2Model.from_pretrained(folder).state_dict()
    wave = torch.randn(1, 2_000, generator=torch.Generator().manual_seed(0))
    assert assemble(tiny(), Parts(wav2vec=folder), 0).wav2vec(wave).isfinite().all()


def test_whether_it_normalises_matters(tmp_path):
    loud = torch.randn(1, 5_000, generator=torch.Generator().manual_seed(0))
    normalises = assemble(tiny(), Parts(wav2vec=wav2vec2_folder(tmp_path / "a", **LARGE)), 0).wav2vec
    raw = assemble(tiny(), Parts(wav2vec=wav2vec2_folder(tmp_path / "b", **LARGE | {"do_normalize": False})), 0).wav2vec
    np.testing.assert_allclose(normalises(loud), normalises(0.1 * loud), rtol=0, atol=1e-4)
    assert (raw(loud) - raw(0.1 * loud)).abs().max() > 1e-2


def test_maskings_of_one_sound_have_the_features_that_each_has_alone(tmp_path):
    encoder = assemble(tiny(), Parts(wav2vec=wav2vec2_folder(tmp_path, **BASE)), 0).wav2vec
    waves = torch.randn(3, 4_000, generator=torch.Generator().manual_seed(0))
    waves[1, 1_000:] = 0
    waves[2] = 0
    alone = torch.cat([encoder(wave[None]) for wave in waves])
    assert alone.isfinite().all()
    np.testing.assert_allclose(encoder(waves), alone, rtol=0, atol=1e-5)


def test_a_sound_too_short_for_a_frame_is_one_frame(tmp_path):
    encoder = assemble(tiny(), Parts(wav2vec=wav2vec2_folder(tmp_path, **BASE)), 0).wav2vec
    assert encoder(torch.ones(1, 1)).shape == encoder(torch.ones(1, 399)).shape == (1, 1, 24)


def test_a_sound_longer_than_the_model_s_is_refused(tmp_path):
    encoder = assemble(tiny(), Parts(wav2vec=wav2vec2_folder(tmp_path, **BASE)), 0).wav2vec
    with pytest.raises(ValueError, match="150001 samples are more than the model's 150000"):
        encoder(torch.zeros(1, 150_001))


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("config.json", {"add_adapter": True}, "'add_adapter': True"),
        ("preprocessor_config.json", {"sampling_rate": 8_000}, "hears 8000 Hz; give a model of 16000 Hz"),
        ("preprocessor_config.json", None, r"has no preprocessor_config\.json"),
    ],
)
def test_a_wav2vec2_that_is_not_built_here_is_refused(tmp_path, name, changes, message):
    folder = wav2vec2_folder(tmp_path)
    path = folder / name
    config = json.loads(path.read_text())
    path.unlink()
    if changes:
        path.write_text(json.dumps(config | changes))
    with pytest.raises(CheckpointError, match=message):
        assemble(tiny(), Parts(wav2vec=folder), 0)
