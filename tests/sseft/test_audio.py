import math

import pytest
import torch
from torch.nn import functional

from sseft.audio import Wav2Vec
from sseft.config import Wav2VecConfig, frames_after_crop

MAX_SAMPLES = 150_000
MAX_FRAMES = 935


@pytest.fixture(scope="module")
def wav2vec():
    torch.manual_seed(0)
    model = Wav2Vec(Wav2VecConfig(dim=8)).double().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = 1 / math.sqrt(parameter[0].numel()) if parameter.ndim > 1 else 0.3
            parameter.normal_(float("norm.weight" in name), scale)
    return model


def with_padding(model, waves):
    """wav2vec 1.0 as the original runs it: on 150,000 samples, the tail being zeros."""
    x = functional.pad(waves, (0, MAX_SAMPLES - waves.shape[1])).unsqueeze(1)
    for layer in model.extractor:
        x = functional.conv1d(x, layer.conv.weight, stride=layer.stride)
        x = torch.relu(functional.group_norm(x, 1, layer.norm.weight, layer.norm.bias, 1e-5))
    x = torch.log(x.abs() + 1)
    for layer in model.aggregator:
        y = functional.pad(x, (layer.conv.kernel_size[0] - 1, 0), mode="replicate")
        y = functional.conv1d(y, layer.conv.weight, layer.conv.bias)
        y = torch.relu(functional.group_norm(y, 1, layer.norm.weight, layer.norm.bias, 1e-5))
        x = (y + x) * math.sqrt(0.5)
    return x.transpose(1, 2)


@pytest.mark.parametrize("samples", [1, 2, 300, 465, 1200, 33_333, 149_530, 149_700, 149_990, 150_000])
def test_features_at_the_real_length_are_those_of_the_padded_waveform(wav2vec, samples):
    generator = torch.Generator().manual_seed(samples)
    wave = torch.randn(samples, generator=generator, dtype=torch.float64)
    half_silent = wave * (torch.arange(samples) >= samples // 2)
    waves = torch.stack([wave, half_silent, torch.zeros_like(wave)])
    features = wav2vec(waves)
    padded = with_padding(wav2vec, waves)
    assert padded.shape[1] == MAX_FRAMES
    assert features.shape == (3, frames_of_the_original(samples), 8)
    torch.testing.assert_close(features, padded[:, : features.shape[1]], rtol=0, atol=1e-11)


@pytest.mark.parametrize("samples", [300, 33_333, 150_000])
def test_features_in_float32_are_those_in_float64(wav2vec, samples):
    wave = torch.randn(1, samples, generator=torch.Generator().manual_seed(samples), dtype=torch.float64)
    single = Wav2Vec(wav2vec.config).eval()
    single.load_state_dict(wav2vec.state_dict())
    torch.testing.assert_close(single(wave.float()).double(), wav2vec(wave), rtol=0, atol=2e-5)


def test_without_the_tail_in_the_group_norms_features_would_be_others(wav2vec):
    wave = torch.randn(1, 33_333, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shorter = Wav2Vec(Wav2VecConfig(dim=8, max_samples=33_333)).double().eval()
    shorter.load_state_dict(wav2vec.state_dict())
    unpadded = shorter(wave)
    assert (wav2vec(wave)[:, : unpadded.shape[1]] - unpadded).abs().max() > 0.1


def frames_of_the_original(samples):
    """It slices [: 935 - n(padding)] by Python's rules, n being negative for little padding."""
    n = MAX_SAMPLES - samples
    for kernel, stride in [(10, 5), (8, 4), (4, 2), (4, 2), (4, 2), (1, 1), (1, 1)]:
        n = math.floor((n - kernel) / stride + 1)
    return len(range(MAX_FRAMES)[: MAX_FRAMES - n])


def test_real_frames_are_those_that_the_original_leaves_unmasked(wav2vec):
    # Whole stretches where the count starts and saturates, and every residue of the stride of 160 between.
    lengths = {*range(1, 3000), *range(3000, 147_000, 157), *range(147_000, MAX_SAMPLES + 1)}
    wrong = [n for n in sorted(lengths) if wav2vec.real_frames(n) != frames_of_the_original(n)]
    assert not wrong


@pytest.mark.parametrize(("samples", "frames"), [(1, 0), (300, 2), (400, 2), (465, 3), (MAX_SAMPLES, MAX_FRAMES)])
def test_real_frames_measured_in_the_original(wav2vec, samples, frames):
    assert wav2vec.real_frames(samples) == frames


# What the original makes of longer sounds, for who wants it


def unmasked_after_a_crop(samples):
    """The original's words: it crops, and takes what it left out for padding."""
    padded_amount = abs(samples - MAX_SAMPLES)
    n = padded_amount
    for kernel, stride in [(10, 5), (8, 4), (4, 2), (4, 2), (4, 2), (1, 1), (1, 1)]:
        n = math.floor((n - kernel) / stride + 1)
    mask = [True] * MAX_FRAMES
    mask[: MAX_FRAMES - n] = [False] * len(mask[: MAX_FRAMES - n])
    return mask.count(False)


@pytest.mark.parametrize(
    ("excess", "frames"),
    [(0, 935), (1, 935), (464, 935), (465, 934), (149_904, 1), (149_905, 0), (150_064, 0), (160_000, 872)],
)
def test_frames_after_a_crop_are_the_original_s(excess, frames):
    config = Wav2VecConfig(dim=8)
    samples = MAX_SAMPLES + excess
    assert frames_after_crop(config, samples) == frames == unmasked_after_a_crop(samples)


def test_frames_after_crops_of_all_sizes_are_the_original_s():
    config = Wav2VecConfig(dim=8)
    lengths = range(MAX_SAMPLES, 3 * MAX_SAMPLES, 37)
    assert not [n for n in lengths if frames_after_crop(config, n) != unmasked_after_a_crop(n)]


@pytest.mark.parametrize("samples", [MAX_SAMPLES + 20_000, MAX_SAMPLES + 150_000])
def test_a_cropped_sound_is_encoded_as_under_the_original_s_mask(double_model, samples):
    model = double_model(("audio",))
    wave = torch.randn(1, MAX_SAMPLES, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    encoding = model.encode_audio(wave, cropped_from=samples)
    real = torch.arange(MAX_FRAMES + 1)[None] <= unmasked_after_a_crop(samples)
    masked = model.audio(model.wav2vec(wave), real)[:, : encoding.shape[1]]
    torch.testing.assert_close(encoding, masked, rtol=0, atol=1e-12)
    whole = model.encode_audio(wave)
    assert whole.shape[1] == MAX_FRAMES + 1
    assert (whole[:, 0] - encoding[:, 0]).abs().max() > 1e-3


def test_maskings_do_not_see_each_other(wav2vec):
    waves = torch.randn(4, 5000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    together = wav2vec(waves)
    for wave, features in zip(waves, together, strict=True):
        torch.testing.assert_close(wav2vec(wave[None])[0], features, rtol=0, atol=1e-12)
