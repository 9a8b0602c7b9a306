from dataclasses import replace
from itertools import combinations

import pytest

from media.modality import MODALITIES
from sseft.config import FusionConfig
from sseft.presets import published, tiny
from sseft.terms import pairs_of

VARIANTS = [modalities for n in (1, 2, 3) for modalities in combinations(MODALITIES, n)]


@pytest.mark.parametrize("modalities", [(), ("audio", "text"), ("text", "text"), ("text", "smell")])
def test_modalities_are_one_to_three_in_their_order(modalities):
    with pytest.raises(ValueError, match="in this order"):
        replace(tiny(), modalities=modalities)


def test_heads_divide_the_dimensions_of_the_modalities_that_are_there():
    fusion = FusionConfig(ffn_dim=64, heads=32, self_layers=1, cross_layers=1)
    with pytest.raises(ValueError, match="video dimension 16 is not a multiple of the 32"):
        replace(tiny(), fusion=fusion)
    assert replace(tiny(), fusion=fusion, modalities=("text", "audio")).joint_dim == 96


@pytest.mark.parametrize("modalities", VARIANTS, ids="+".join)
def test_model_and_artefact_agree_on_the_pairs_of_a_variant(modalities):
    assert replace(tiny(), modalities=modalities).pairs == tuple(pairs_of(modalities))


def test_the_published_model_pads_to_935_frames_and_its_head_takes_1792_features():
    assert published().audio.max_frames == 935
    assert published().joint_dim == 1792
