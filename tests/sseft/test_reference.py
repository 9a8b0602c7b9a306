"""The original code's tensors: `tests/data/reference/README.md`."""

import numpy as np
import pytest
import torch

from sseft.checkpoint import load_sseft

LOGITS = 1e-5
FEATURES = 2e-5
"""The original's own float32 is this far from float64 where sound passes 19 group norms."""


def encode(model, case):
    """Encodings of one unpadded clip, of the modalities that the model has."""
    encodings = {}
    if "text" in model.config.modalities:
        encodings["text"] = model.encode_text(torch.tensor(case.ids)[None])
    if "audio" in model.config.modalities:
        encodings["audio"] = model.encode_audio(torch.tensor(case.wave)[None])
    if "video" in model.config.modalities:
        features = frame_features(model, case.pictures) if case.features is None else torch.tensor(case.features)
        encodings["video"] = model.encode_video(features[None])
    return encodings


def frame_features(model, pictures):
    return model.frame_features(torch.tensor(pictures) / 255.0)


def assert_close(got, expected, atol):
    np.testing.assert_allclose(np.asarray(got), expected, rtol=0, atol=atol)


def assert_logits(model, cases):
    for case in cases:
        logits = model(encode(model, case))
        assert logits.shape == (1, 1, 1, 7)
        assert_close(logits[0, 0, 0], case.logits, LOGITS)


@pytest.mark.parametrize(("variant", "clips"), [("all", 13), ("t", 1), ("av", 1)])
def test_every_clip_has_the_original_s_logits(reference_model, reference_cases, variant, clips):
    """Masked, silent, wordless and very short clips are among them."""
    cases = reference_cases(variant)
    assert len(cases) == clips
    assert_logits(reference_model(variant), cases)


@pytest.fixture(scope="module")
def clip(reference):
    """One clip and all tensors in between."""
    tensors = dict(np.load(reference / "clip.npz"))
    return tensors | {"pictures": tensors["pictures"].transpose(0, 3, 1, 2)}


def test_each_encoder_has_the_original_s_features(reference_model, clip):
    model = reference_model("all")
    c = model.wav2vec(torch.from_numpy(clip["wave"])[None])[0]
    assert_close(model.encode_text(torch.from_numpy(clip["ids"])[None])[0], clip["roberta"], FEATURES)
    assert_close(c, clip["w2v_c"][: len(c)], FEATURES)
    assert_close(frame_features(model, clip["pictures"]), clip["fabnet"], FEATURES)


def test_each_inter_modality_term_is_the_original_s_cls_vector(reference_model, reference_cases, clip):
    model = reference_model("all")
    encodings = encode(model, reference_cases("all")[0])
    for x, y in model.config.pairs:
        terms = model.pair(x, y, encodings[x], encodings[y])
        for term, name in zip(terms, (f"{x[0]}2{y[0]}_r", f"{y[0]}2{x[0]}_r"), strict=True):
            assert_close(term[0, 0], clip[name], LOGITS)


def test_every_original_case_and_file_from_end_to_end(whole_reference):
    checkpoint, cases = whole_reference
    assert_logits(load_sseft(checkpoint), cases)
