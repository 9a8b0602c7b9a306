"""RoBERTa and wav2vec 1.0 against fairseq's own modules, through files that fairseq's weights are saved in."""

import argparse

import numpy as np
import pytest
import torch

from sseft.presets import tiny
from sseft.pretrained.parts import Parts, assemble

TOLERANCE = 1e-5
VOCABULARY = 120
MASK = VOCABULARY - 1
PAD = 1
MAX_SAMPLES = 150_000
EXTRACTOR = "[(48, 10, 5), (48, 8, 4), (48, 4, 2), (48, 4, 2), (48, 4, 2), (48, 1, 1), (48, 1, 1)]"
AGGREGATOR = str([(48, kernel, 1) for kernel in range(2, 14)])

fairseq = pytest.importorskip("fairseq", reason="fairseq isn't installed: `make test-fairseq` installs it")


@pytest.fixture(scope="module", autouse=True)
def _one_thread_without_gradients():
    torch.set_num_threads(1)
    with torch.no_grad():
        yield


def randomised(model):
    """With norms and biases that matter."""
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


@pytest.fixture(scope="module")
def roberta(tmp_path_factory):
    """fairseq's RoBERTa, and the same through this project."""
    from fairseq.models.roberta.model import RobertaEncoder, base_architecture  # noqa: PLC0415  # may be missing

    args = argparse.Namespace(
        encoder_layers=3,
        encoder_embed_dim=96,
        encoder_ffn_embed_dim=160,
        encoder_attention_heads=6,
        max_positions=128,
    )
    base_architecture(args)
    dictionary = fairseq.data.Dictionary()
    for i in range(VOCABULARY - len(dictionary)):
        dictionary.add_symbol(str(i))
    theirs = randomised(RobertaEncoder(args, dictionary))
    path = tmp_path_factory.mktemp("roberta") / "model.pt"
    weights = {f"encoder.{name}": value for name, value in theirs.state_dict().items()}
    torch.save({"args": args, "model": weights}, path)
    return theirs, assemble(tiny(), Parts(roberta=path), 0)


@pytest.fixture(scope="module")
def wav2vec(tmp_path_factory):
    """fairseq's wav2vec 1.0, and the same through this project."""
    from fairseq.models.wav2vec.wav2vec import Wav2VecConfig, Wav2VecModel  # noqa: PLC0415  # may be missing

    large = {
        "conv_feature_layers": EXTRACTOR,
        "conv_aggregator_layers": AGGREGATOR,
        "skip_connections_agg": True,
        "residual_scale": 0.5,
        "log_compression": True,
        "offset": "auto",
    }
    theirs = randomised(Wav2VecModel(Wav2VecConfig(**large)))
    path = tmp_path_factory.mktemp("wav2vec") / "wav2vec.pt"
    torch.save({"args": argparse.Namespace(**large), "model": theirs.state_dict()}, path)
    return theirs, assemble(tiny(), Parts(wav2vec=path), 0)


def text(length, masked, rng):
    ids = np.concatenate([[0], rng.integers(4, MASK, length), [2]])
    ids[1:-1][rng.random(length) < masked] = MASK
    return torch.from_numpy(ids)


@pytest.mark.parametrize("masked", [0, 0.5, 1])
def test_roberta_has_fairseq_s_features(roberta, masked):
    theirs, ours = roberta
    rng = np.random.default_rng(0)
    texts = [text(length, masked, rng) for length in (0, 1, 2, 9, 60, 126)]
    padded = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True, padding_value=PAD)
    expected, _ = theirs(padded, features_only=True)
    for ids, features in zip(texts, expected, strict=True):
        torch.testing.assert_close(ours.encode_text(ids[None])[0], features[: len(ids)], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("samples", [465, 1_200, 33_333, 149_999, MAX_SAMPLES])
def test_wav2vec_has_fairseq_s_features_of_the_padded_sound(wav2vec, samples):
    theirs, ours = wav2vec
    waves = 0.1 * torch.randn(2, samples, generator=torch.Generator().manual_seed(samples))
    waves[1, samples // 3 : samples // 2] = 0
    padded = torch.nn.functional.pad(waves, (0, MAX_SAMPLES - samples))
    expected = theirs.feature_aggregator(theirs.feature_extractor(padded)).transpose(1, 2)
    features = ours.wav2vec(waves)
    torch.testing.assert_close(features, expected[:, : features.shape[1]], rtol=0, atol=TOLERANCE)
