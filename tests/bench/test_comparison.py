from dataclasses import replace

import click
import numpy as np
import pytest

from batcher.designs import modality_seed
from batcher.players import players_of
from bench.comparison import METHODS, Comparison, clip_game, curve_areas, places, within
from bench.curves import area, order_of
from bench.demo import CHECKPOINT
from bench.explained_clip import ExplainedClip
from bench.game import ClipGame
from bench.permutation import permutation_values
from bench.ranking import average_precision
from bench.whole_model import WholeModel
from media.modality import MODALITIES
from sseft.attention import LastBlocks
from sseft.presets import tiny
from sseft.untrained import untrained

ATTENTION = {"self-attention", "inter-modality attention"}


@pytest.fixture(scope="module")
def blocks(artefact):
    return LastBlocks.load(CHECKPOINT, labels=artefact.labels, head=artefact.head)


@pytest.fixture(scope="module")
def explained(segment, clip, artefact, explained_whole):
    """The clip, of whose players the first but one of each modality carries the emotion, or the only one."""
    n = {m: p.n for m, p in players_of(clip, sample_rate_hz=16_000, video="time").items()}
    label = artefact.labels[explained_whole.argmax()]
    relevant = {m: np.arange(k) == min(1, k - 1) for m, k in n.items()}
    phi = {m: np.where(mask, 1.0, 0.01 * np.arange(len(mask))) for m, mask in relevant.items()}
    return ExplainedClip(segment, "time", label, phi, relevant)


@pytest.fixture(scope="module")
def outcomes(backend, blocks, explained):
    return Comparison(backend, blocks).outcomes([explained])


def of(outcomes, modality):
    return {outcome.method: outcome for outcome in outcomes if outcome.modality == modality}


def test_every_method_is_judged_on_every_modality(outcomes):
    assert [(outcome.modality, outcome.method) for outcome in outcomes] == [(m, x) for m in MODALITIES for x in METHODS]


def test_cells_of_the_picture_are_compared_without_attention(backend, blocks, explained):
    cells = replace(explained.of("video"), kind="space", phi={"video": np.arange(16.0)})
    cells = replace(cells, relevant={"video": np.arange(16) > 14})
    found = Comparison(backend, blocks, curves=False).outcomes([cells])
    assert [outcome.method for outcome in found] == ["ours", "permutation", "chance"]


def test_scores_of_the_run_are_judged_by_what_was_planted(outcomes, explained):
    for modality in MODALITIES:
        ours = of(outcomes, modality)["ours"]
        assert (ours.hit, ours.precision) == (1.0, 1.0)
        phi, relevant = explained.phi[modality], explained.relevant[modality]
        assert ours.share == pytest.approx(phi[relevant].sum() / phi.sum())


def test_chance_is_that_of_any_order(outcomes, explained):
    for modality in MODALITIES:
        n = len(explained.phi[modality])
        chance = of(outcomes, modality)["chance"]
        assert chance.hit == chance.share == 1 / n
        assert chance.precision == pytest.approx((1 / np.arange(1, n + 1)).mean())
        assert chance.deletion == pytest.approx(chance.insertion)


def test_curves_are_those_of_a_clip_that_is_masked_by_hand(backend, explained, outcomes):
    game = clip_game(explained, backend)
    value = within(WholeModel(backend, game), game, "audio")
    # One half-second: with it, and without it.
    whole, without = value(np.array([[True], [False]]))
    found = of(outcomes, "audio")["ours"]
    assert found.deletion == pytest.approx((whole + without) / 2, abs=1e-5)

    order = order_of(explained.phi["video"])
    value = within(WholeModel(backend, game), game, "video")
    keep = np.ones((len(order) + 1, len(order)), bool)
    for step, player in enumerate(order):
        keep[step + 1 :, player] = False
    assert of(outcomes, "video")["ours"].deletion == pytest.approx(area(value(keep)), abs=1e-5)
    assert of(outcomes, "video")["ours"].insertion == pytest.approx(area(value(~keep)), abs=1e-5)


def test_without_curves_rankings_are_the_same(backend, blocks, explained, outcomes):
    found = Comparison(backend, blocks, curves=False).outcomes([explained])
    assert found == [replace(outcome, deletion=None, insertion=None) for outcome in outcomes]


def test_without_a_checkpoint_attention_is_left_out(backend, explained):
    found = Comparison(backend, curves=False).outcomes([explained])
    assert {outcome.method for outcome in found} == set(METHODS) - ATTENTION


def test_threads_change_nothing(backend, blocks, explained, outcomes):
    twice = Comparison(backend, blocks).outcomes([explained, explained], threads=2)
    assert twice == [*outcomes, *outcomes]


def test_a_checkpoint_of_another_model_is_refused(backend, explained):
    other = LastBlocks(untrained(tiny(), 0))
    with pytest.raises(click.ClickException, match="give the --checkpoint that the artefact was exported from"):
        Comparison(backend, other, curves=False).outcomes([explained])


def test_a_clip_is_decoded_into_the_players_of_its_run(backend, explained, clip):
    game = clip_game(explained, backend)
    expected = players_of(clip, sample_rate_hz=16_000, video="time")
    assert game.n == tuple(expected[m].n for m in MODALITIES)
    for modality, players in expected.items():
        np.testing.assert_array_equal(game.players[modality].content, players.content)


def test_players_have_places_among_all(clip):
    players = players_of(clip, sample_rate_hz=16_000, video="time")
    assert places(ClipGame(players, 0)) == {"text": slice(0, 13), "audio": slice(13, 14), "video": slice(14, 24)}
    del players["audio"]
    assert places(ClipGame(players, 0)) == {"text": slice(0, 13), "audio": slice(13, 13), "video": slice(13, 23)}


def test_the_others_are_whole_within_a_modality(clip):
    game = ClipGame(players_of(clip, sample_rate_hz=16_000, video="time"), 0)
    weights = np.random.default_rng(0).normal(size=game.p)
    keep = np.random.default_rng(1).random((5, 10)) < 0.5
    expected = weights[:14].sum() + keep @ weights[14:]
    np.testing.assert_allclose(within(lambda coalitions: coalitions @ weights, game, "video")(keep), expected)


def test_areas_of_several_orders_come_from_one_call():
    weights, calls = np.array([0.5, 0.2, 0.3]), []

    def value(keep):
        calls.append(len(keep))
        return keep @ weights

    best, worst = np.array([0, 2, 1]), np.array([1, 2, 0])
    found = curve_areas(value, {"ours": [best], "permutation": [worst], "chance": [best, worst]})
    assert calls == [4 * 2 * 4]
    # Of an additive value what is deleted and what is inserted add up to the whole, step by step.
    assert found["ours"] == pytest.approx(((1 + 0.5 + 0.2 + 0) / 3 - 1 / 6, (0 + 0.5 + 0.8 + 1) / 3 - 1 / 6))
    assert found["permutation"] == pytest.approx(found["ours"][::-1])
    assert found["chance"] == pytest.approx((0.5, 0.5))


def test_the_permutation_is_drawn_for_the_clip_and_evaluated_on_the_whole_model(backend, explained, outcomes):
    game = clip_game(explained, backend)
    whole = WholeModel(backend, game)
    rng = np.random.default_rng(modality_seed(0, explained.segment.segment_id, "permutation"))
    phi = permutation_values(whole, rng.permutation(game.p))[places(game)["video"]]
    found = of(outcomes, "video")["permutation"]
    assert found.precision == pytest.approx(average_precision(phi, explained.relevant["video"]))
    areas = curve_areas(within(whole, game, "video"), {"permutation": [order_of(phi)]})
    assert (found.deletion, found.insertion) == pytest.approx(areas["permutation"], abs=1e-4)
