"""The original code's tensors: `tests/data/reference/README.md`."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from sseft.checkpoint import load_sseft

LOGITS = 1e-5
FEATURES = 2e-5
"""The original's own float32 is this far from float64 where sound passes 19 group norms."""

PAD = 1
MAX_SAMPLES = 150_000


def encode(model, *, ids, wave, features):
    """Encodings of one unpadded clip, of the modalities that the model has."""
    inputs = {
        "text": (model.encode_text, ids[ids != PAD]),
        "audio": (model.encode_audio, wave),
        "video": (model.encode_video, features),
    }
    return {m: inputs[m][0](torch.as_tensor(inputs[m][1])[None]) for m in model.config.modalities}


def frame_features(model, pictures):
    return model.frame_features(torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255.0)


def assert_close(got, expected, atol):
    np.testing.assert_allclose(np.asarray(got), expected, rtol=0, atol=atol)


@pytest.fixture(scope="module")
def clip(reference):
    return dict(np.load(reference / "clip.npz"))


@pytest.mark.parametrize("variant", ["all", "t", "av"])
def test_a_clip_has_the_original_s_logits(reference_model, clip, variant):
    model = reference_model(variant)
    features = frame_features(model, clip["pictures"]) if "video" in model.config.modalities else None
    encodings = encode(model, ids=clip["ids"], wave=clip["wave"], features=features)
    logits = model(encodings)
    assert logits.shape == (1, 1, 1, 7)
    assert_close(logits[0, 0, 0], clip[f"logits_{variant}"], LOGITS)


def test_each_encoder_has_the_original_s_features(reference_model, clip):
    model = reference_model("all")
    c = model.wav2vec(torch.from_numpy(clip["wave"])[None])[0]
    assert_close(model.encode_text(torch.from_numpy(clip["ids"])[None])[0], clip["roberta"], FEATURES)
    assert_close(c, clip["w2v_c"][: len(c)], FEATURES)
    assert_close(frame_features(model, clip["pictures"]), clip["fabnet"], FEATURES)


def test_each_inter_modality_term_is_the_original_s_cls_vector(reference_model, clip):
    model = reference_model("all")
    encodings = encode(model, ids=clip["ids"], wave=clip["wave"], features=frame_features(model, clip["pictures"]))
    for x, y in model.config.pairs:
        terms = model.pair(x, y, encodings[x], encodings[y])
        for term, name in zip(terms, (f"{x[0]}2{y[0]}_r", f"{y[0]}2{x[0]}_r"), strict=True):
            assert_close(term[0, 0], clip[name], LOGITS)


@pytest.mark.parametrize("name", ["masked", "short"])
def test_masked_silent_wordless_and_very_short_clips_have_the_original_s_logits(reference_model, reference, name):
    model = reference_model("all")
    case = np.load(reference / f"{name}.npz")
    for b, expected in enumerate(case["logits"]):
        wave = case["waves"][case["wave_of"][b], : case["samples"][b]]
        features = case["features"][b, : case["frames"][b]]
        logits = model(encode(model, ids=case["ids"][b], wave=wave, features=features))
        assert_close(logits[0, 0, 0], expected, LOGITS)


WHOLE = [
    ("empty_text", "tiny_all"),
    ("masked_audio", "tiny_all"),
    ("masked_text", "tiny_all"),
    ("padded_batch", "tiny_all"),
    ("short_audio", "tiny_all"),
    ("padded_batch", "tiny_all_legacy_format"),
    ("variant_t", "tiny_t"),
    ("variant_av", "tiny_av"),
]


@pytest.mark.parametrize(("case", "checkpoint"), WHOLE)
def test_every_original_case_and_file_from_end_to_end(case, checkpoint):
    folder = os.environ.get("MMEXPLAIN_TEST_REFERENCE")
    if not folder:
        pytest.skip("MMEXPLAIN_TEST_REFERENCE names no folder of the original's tensors")
    model = load_sseft(Path(folder) / f"{checkpoint}.pt", text_heads=4)
    tensors = dict(np.load(Path(folder) / f"{case}.npz"))
    for b, expected in enumerate(tensors["out_logits"]):
        pictures = tensors["in_frames_uint8_rgb"][b, : tensors["in_n_frames"][b]]
        encodings = encode(
            model,
            ids=tensors["in_text"][b],
            wave=tensors["in_audio"][b, : MAX_SAMPLES - tensors["in_padded_amount"][b]],
            features=frame_features(model, pictures) if "video" in model.config.modalities else None,
        )
        assert_close(model(encodings)[0, 0, 0], expected, LOGITS)
