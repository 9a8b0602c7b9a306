from dataclasses import replace

import pytest
import torch

from sseft.presets import tiny
from sseft.untrained import untrained


def test_a_seed_names_one_model():
    first, again, other = (untrained(tiny(), seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    alike = {name.rsplit(".", 1)[-1] for name in first if torch.equal(first[name], other[name])}
    assert alike == {"num_batches_tracked"}


@pytest.mark.parametrize("modality", ["text", "audio", "video"])
def test_logits_depend_on_every_modality_far_beyond_rounding(modality):
    model = untrained(tiny(), 0)
    generator = torch.Generator().manual_seed(0)
    inputs = {
        "text": (model.encode_text, [torch.tensor([[0, 5, 6, 2]]), torch.tensor([[0, 5, 999, 2]])]),
        "audio": (model.encode_audio, [torch.randn(1, 4000, generator=generator), torch.zeros(1, 4000)]),
        "video": (model.encode_video, [torch.randn(1, 3, 16, generator=generator), torch.zeros(1, 3, 16)]),
    }
    here = {m: encode(values[0]) for m, (encode, values) in inputs.items()}
    encode, values = inputs[modality]
    change = model(here) - model(here | {modality: encode(values[1])})
    assert change.abs().max() > 0.01


def test_a_variant_has_no_weights_of_modalities_that_it_lacks():
    names = untrained(replace(tiny(), modalities=("audio",)), 0).state_dict()
    assert {name.split(".")[0] for name in names} == {"wav2vec", "audio", "head"}
