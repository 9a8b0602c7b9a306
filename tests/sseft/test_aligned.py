"""Padded batches: what stands beyond a clip's end mustn't matter."""

from itertools import combinations

import pytest
import torch

from media.modality import MODALITIES

VARIANTS = [modalities for n in (1, 2, 3) for modalities in combinations(MODALITIES, n)]
LENGTHS = {"text": (7, 3, 5), "audio": (6, 1, 4), "video": (2, 5, 3)}
"""Positions of each of three clips, CLS included: the second has no sound but CLS."""


def assert_exactly(got, expected):
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-11)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def real_of(modality):
    """[B, L]: where the clips' positions are."""
    lengths = torch.tensor(LENGTHS[modality])
    return torch.arange(lengths.max()) < lengths[:, None]


def draw_inputs(model, modality, garbage):
    """Token ids [B, L], or features [B, L - 1, d]: the same clips for any garbage beyond their ends."""
    real = real_of(modality)
    if modality == "text":
        ids, beyond = (torch.randint(0, 999, real.shape, generator=generator(seed)) for seed in (0, garbage))
        return torch.where(real, ids, beyond)
    shape = (real.shape[0], real.shape[1] - 1, model.config.dim(modality))
    features, beyond = (torch.randn(shape, generator=generator(seed)).double() for seed in (0, garbage))
    return torch.where(real[:, 1:, None], features, 100 * beyond)


def encode(model, modality, inputs, real=None):
    return getattr(model, modality)(inputs, real)


def encode_alone(model, modality, clip):
    """The encoding [1, L, d] of one clip that was never padded."""
    length = LENGTHS[modality][clip]
    inputs = draw_inputs(model, modality, garbage=1)[clip : clip + 1]
    return encode(model, modality, inputs[:, : length if modality == "text" else length - 1])


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_padded_clip_is_encoded_as_it_is_alone(double_model, modality):
    model = double_model((modality,))
    padded = encode(model, modality, draw_inputs(model, modality, garbage=2), real_of(modality))
    for clip, length in enumerate(LENGTHS[modality]):
        assert_exactly(padded[clip, :length], encode_alone(model, modality, clip)[0])


@pytest.mark.parametrize("modality", MODALITIES)
def test_without_the_mask_padding_would_matter(double_model, modality):
    model = double_model((modality,))
    inputs = draw_inputs(model, modality, garbage=2)
    masked, unmasked = (encode(model, modality, inputs, real) for real in (real_of(modality), None))
    for clip, length in enumerate(LENGTHS[modality]):
        whole = length == max(LENGTHS[modality])
        assert torch.allclose(masked[clip, 0], unmasked[clip, 0], rtol=0, atol=1e-6) == whole


@pytest.mark.parametrize("modalities", VARIANTS, ids="+".join)
def test_the_logits_of_padded_clips_are_those_of_each_alone(double_model, modalities):
    model = double_model(modalities)
    real = {m: real_of(m) for m in modalities}
    encodings = {m: encode(model, m, draw_inputs(model, m, garbage=2), real[m]) for m in modalities}
    for m in modalities:  # whatever padding is encoded to
        encodings[m] = torch.where(real[m][..., None], encodings[m], 100 * encodings[m].roll(1, 0))
    logits = model.aligned(encodings, real)
    assert logits.shape == (3, 7)
    for clip in range(3):
        alone = model({m: encode_alone(model, m, clip) for m in modalities})
        assert_exactly(logits[clip], alone[0, 0, 0])
    assert (logits[0] - logits[1]).abs().max() > 1e-3


@pytest.mark.parametrize("modalities", VARIANTS, ids="+".join)
def test_clips_of_one_length_are_the_diagonal_of_their_grid(double_model, random_encodings, modalities):
    model = double_model(modalities)
    encodings = random_encodings(model, dict.fromkeys(modalities, 3))
    real = {m: torch.ones(encodings[m].shape[:2], dtype=torch.bool) for m in modalities}
    grid = model(encodings)
    logits = model.aligned(encodings, real)
    for clip in range(3):
        assert_exactly(logits[clip], grid[tuple(clip if m in modalities else 0 for m in MODALITIES)])


@pytest.mark.parametrize("direction", ["text_audio", "video_text"])
def test_a_term_without_a_mask_is_that_of_clips_that_are_all_real(double_model, random_encodings, direction):
    model = double_model(MODALITIES)
    encodings = random_encodings(model, dict.fromkeys(MODALITIES, 3))
    x, y = (encodings[m] for m in direction.split("_"))
    attention = model.attention[direction]
    assert_exactly(attention.aligned(x, y), attention.aligned(x, y, torch.ones(y.shape[:2], dtype=torch.bool)))
    assert_exactly(attention.aligned(x, y), torch.stack([attention(x, y)[clip, clip] for clip in range(3)]))
