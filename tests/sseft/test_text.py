"""RoBERTa's layers one by one, against transformers' own pass through them."""

import pytest
import torch

from sseft.presets import ROBERTA_TINY
from sseft.text import TextEncoder

TEXTS, LENGTH = 3, 7


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return TextEncoder(ROBERTA_TINY).double().eval()


@pytest.mark.parametrize("real_tokens", [None, (7, 4, 2)])
def test_features_are_those_of_transformers(encoder, real_tokens):
    ids = torch.randint(3, 900, (TEXTS, LENGTH), generator=torch.Generator().manual_seed(1))
    real = None if real_tokens is None else torch.arange(LENGTH) < torch.tensor(real_tokens)[:, None]
    positions = (torch.arange(LENGTH) + 2).expand(TEXTS, -1)
    expected = encoder.roberta(input_ids=ids, position_ids=positions, attention_mask=real).last_hidden_state
    torch.testing.assert_close(encoder(ids, real), expected, rtol=0, atol=1e-12)
    if real is not None:
        assert (encoder(ids) - expected).abs().max() > 1e-3, "padding is seen by nobody"
