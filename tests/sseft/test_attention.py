from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bench.demo import CHECKPOINT
from media.modality import MODALITIES
from sseft.attention import LastBlocks, cls_attention
from sseft.heads import values_of
from sseft.pickles import CheckpointError
from sseft.presets import tiny
from sseft.saved import load_model
from sseft.terms import term_name
from sseft.untrained import untrained


@pytest.fixture(autouse=True)
def _no_gradients():
    torch.set_num_threads(1)
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def trained():
    return load_model(CHECKPOINT)


@pytest.fixture(scope="module")
def contents(clip):
    return {"text": clip.text.ids, "audio": clip.sound.wave, "video": clip.video.frames}


@pytest.fixture(scope="module")
def attention(trained, contents):
    return LastBlocks(trained).attend(contents)


@pytest.fixture(scope="module")
def encodings(trained, contents):
    with torch.no_grad():
        pictures = torch.from_numpy(contents["video"]) / 255
        return {
            "text": trained.encode_text(torch.from_numpy(contents["text"])[None]),
            "audio": trained.encode_audio(torch.from_numpy(contents["audio"])[None]),
            "video": trained.encode_video(trained.frame_features(pictures)[None]),
        }


def multihead(dim, heads, query, key, value, key_dim=None):
    """PyTorch's own attention with these (weight, bias)."""
    module = nn.MultiheadAttention(dim, heads, kdim=key_dim, vdim=key_dim, batch_first=True).eval()
    biases = [torch.zeros(dim) if bias is None else bias for _, bias in (query, key, value)]
    module.in_proj_bias.copy_(torch.cat(biases))
    if module.in_proj_weight is not None:
        module.in_proj_weight.copy_(torch.cat([query[0], key[0], value[0]]))
    else:
        for name, (weight, _) in zip("qkv", (query, key, value), strict=True):
            getattr(module, f"{name}_proj_weight").copy_(weight)
    return module


def test_attention_is_the_softmax_of_each_head_and_their_mean():
    query, keys = torch.tensor([1.0, 0.0, 0.0, 2.0]), torch.tensor([[1.0, 1.0, 1.0, 1.0], [0.0, 3.0, 5.0, 0.0]])
    first = np.exp([1 / 2**0.5, 0.0])
    second = np.exp([2 / 2**0.5, 0.0])
    expected = (first / first.sum() + second / second.sum()) / 2
    np.testing.assert_allclose(cls_attention(query, keys, heads=2).numpy(), expected, rtol=1e-6)


def test_of_text_it_is_that_of_robertas_last_layer(trained, contents, attention):
    ids = torch.from_numpy(contents["text"])[None]
    positions = torch.arange(ids.shape[1])[None] + trained.text.first_position
    trained.text.roberta.set_attn_implementation("eager")
    layers = trained.text.roberta(input_ids=ids, position_ids=positions, output_attentions=True).attentions
    trained.text.roberta.set_attn_implementation("sdpa")
    np.testing.assert_allclose(attention.own["text"], layers[-1][0, :, 0].mean(0), atol=1e-6)


@pytest.mark.parametrize("modality", ["audio", "video"])
def test_of_sound_and_picture_it_is_that_of_the_last_self_attention_block(trained, contents, attention, modality):
    encoder, seen = getattr(trained, modality), []
    block = encoder.blocks[-1]
    handle = block.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    LastBlocks(trained).attend(contents)
    handle.remove()
    (x,) = seen
    weights = zip(block.in_proj.weight.chunk(3), block.in_proj.bias.chunk(3), strict=True)
    expected = multihead(x.shape[-1], block.heads, *weights)(x, x, x)[1][0, 0, 1:]
    np.testing.assert_allclose(attention.own[modality], expected, atol=1e-6)


@pytest.mark.parametrize("y", MODALITIES)
def test_inter_modality_attention_is_the_mean_over_the_modalities_that_attend(trained, encodings, attention, y):
    found = []
    for x in MODALITIES:
        if x == y:
            continue
        *before, block = trained.attention[term_name(x, y)].blocks
        cls = encodings[x][:, :1]
        for earlier in before:
            cls = earlier(cls, encodings[y])
        parts = [(part.weight, part.bias) for part in (block.query, block.key, block.value)]
        torch_s = multihead(cls.shape[-1], block.heads, *parts, key_dim=encodings[y].shape[-1])
        found.append(torch_s(cls, encodings[y], encodings[y])[1][0, 0])
    expected = torch.stack(found).mean(0)
    np.testing.assert_allclose(attention.others[y], expected[0 if y == "text" else 1 :], atol=1e-6)


def test_the_pass_that_is_read_gives_what_the_artefact_gives(attention, explained_whole):
    np.testing.assert_allclose(values_of(attention.logits, "softmax"), explained_whole, atol=1e-4)


def test_it_is_told_for_each_token_and_frame_but_no_cls(attention, contents):
    assert len(attention.own["text"]) == len(attention.others["text"]) == len(contents["text"])
    assert attention.own["text"].sum() == pytest.approx(1)
    assert len(attention.own["video"]) == len(attention.others["video"]) == len(contents["video"])
    assert len(attention.own["audio"]) == len(attention.others["audio"]) > 0
    assert attention.own["audio"].sum() < 1


def test_a_model_of_one_modality_has_no_inter_modality_attention(contents):
    found = LastBlocks(untrained(replace(tiny(), modalities=("audio",)), 0)).attend(contents)
    assert (set(found.own), found.others) == ({"audio"}, {})


def test_checkpoints_of_the_original_are_read_too(reference_checkpoint, contents, artefact):
    found = LastBlocks.load(reference_checkpoint("av"), labels=artefact.labels, head=artefact.head).attend(contents)
    assert set(found.own) == set(found.others) == {"audio", "video"}


def test_another_file_is_refused(tmp_path, artefact):
    (tmp_path / "notes.pt").write_text("no model")
    with pytest.raises(CheckpointError):
        LastBlocks.load(tmp_path / "notes.pt", labels=artefact.labels, head=artefact.head)
