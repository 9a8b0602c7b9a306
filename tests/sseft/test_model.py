from itertools import combinations, product

import pytest
import torch

from media.modality import MODALITIES
from sseft.model import on_grid, term_name

VARIANTS = [modalities for n in (1, 2, 3) for modalities in combinations(MODALITIES, n)]
MASKS = {"text": 4, "audio": 2, "video": 3}


@pytest.mark.parametrize("modalities", VARIANTS, ids="+".join)
def test_the_grid_holds_the_logits_of_every_coalition_run_alone(double_model, random_encodings, modalities):
    model = double_model(modalities)
    encodings = random_encodings(model, MASKS)
    grid = model(encodings)
    counts = [MASKS[m] if m in modalities else 1 for m in MODALITIES]
    assert grid.shape == (*counts, 7)
    for index in product(*map(range, counts)):
        masks = dict(zip(MODALITIES, index, strict=True))
        alone = model({m: encodings[m][masks[m]][None] for m in modalities})
        assert alone.shape == (1, 1, 1, 7)
        torch.testing.assert_close(grid[index], alone[0, 0, 0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("query", MODALITIES)
def test_a_term_lies_on_the_axes_of_its_modalities(query):
    for key in MODALITIES:
        if key == query:
            continue
        term = 10 * torch.arange(MASKS[query])[:, None, None] + torch.arange(MASKS[key])[None, :, None]
        grid = on_grid(term, query, key)
        assert grid.shape == (*(MASKS[m] if m in {query, key} else 1 for m in MODALITIES), 1)
        for index in product(*map(range, grid.shape[:3])):
            at = dict(zip(MODALITIES, index, strict=True))
            assert grid[index].item() == 10 * at[query] + at[key]
    alone = on_grid(torch.arange(MASKS[query])[:, None], query)
    assert alone.flatten().tolist() == list(range(MASKS[query]))
    assert alone.shape[MODALITIES.index(query)] == MASKS[query]


def test_the_head_sees_products_of_terms_in_the_order_text_video_audio(double_model, random_encodings):
    model = double_model(MODALITIES)
    encodings = random_encodings(model, dict.fromkeys(MODALITIES, 1))
    term = {}
    for x, y in model.config.pairs:
        term[x, y], term[y, x] = (t[0, 0] for t in model.pair(x, y, encodings[x], encodings[y]))
    text = term["text", "audio"] * term["text", "video"]
    video = term["video", "text"] * term["video", "audio"]
    audio = term["audio", "text"] * term["audio", "video"]
    expected = model.head(torch.cat([text, video, audio]))
    torch.testing.assert_close(model(encodings)[0, 0, 0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("modalities", [pair for pair in VARIANTS if len(pair) == 2], ids="+".join)
def test_the_head_of_two_modalities_sees_both_terms_one_after_the_other(double_model, random_encodings, modalities):
    model = double_model(modalities)
    encodings = random_encodings(model, dict.fromkeys(MODALITIES, 1))
    x, y = modalities
    expected = model.head(torch.cat([term[0, 0] for term in model.pair(x, y, encodings[x], encodings[y])]))
    torch.testing.assert_close(model(encodings)[0, 0, 0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("modality", MODALITIES)
def test_the_head_of_one_modality_sees_its_cls_alone(double_model, random_encodings, modality):
    model = double_model((modality,))
    encodings = random_encodings(model, MASKS)
    logits = model(encodings)
    torch.testing.assert_close(logits.flatten(0, 2), model.head(encodings[modality][:, 0]), rtol=0, atol=1e-12)
    encodings[modality][:, 1:] += 1
    assert torch.equal(model(encodings), logits)


@pytest.mark.parametrize("changed", MODALITIES)
def test_changing_one_modality_changes_its_four_terms_and_no_other(
    double_model, random_encodings, monkeypatch, changed
):
    model = double_model(MODALITIES)
    captured = []
    monkeypatch.setattr(model, "classify", captured.append)
    encodings = random_encodings(model, MASKS)
    model(encodings)
    model(encodings | {changed: random_encodings(model, MASKS, seed=1)[changed]})
    before, after = captured
    same = {name for name in before if torch.equal(before[name], after[name])}
    x, y = (m for m in MODALITIES if m != changed)
    assert len(before) == 6
    assert same == {term_name(x, y), term_name(y, x)}
