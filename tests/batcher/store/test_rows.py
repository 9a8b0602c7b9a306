import wave
from dataclasses import replace

import numpy as np
import pytest

from batcher.decode import clip_of
from batcher.estimators import Explanation
from batcher.explain import explain_clip
from batcher.explanation import SegmentExplanation
from batcher.options import Options
from batcher.outcome import FAILED, Failure
from batcher.players import Player
from batcher.shares import shares_of
from batcher.store.rows import attributions, contributions, explained_segment, failed_segment, modality_sums, timing
from batcher.store.schema import TABLES

PLAYERS = (
    Player("text", 0, "fine", char_start=0, char_end=4),
    Player("text", 1, "day"),
    Player("audio", 0, start_ms=0.0, end_ms=500.0),
    Player("video", 0, row=0, column=0),
    Player("video", 1, row=0, column=1),
)
MODALITIES = ("text", "audio", "video")
SHARES = ("share_{}", "share_{}_low", "share_{}_high")


def explained(phi, se=None, players=PLAYERS):
    phi = np.array(phi, dtype=float)[:, None]
    estimate = Explanation(phi, None if se is None else np.array(se, dtype=float)[:, None])
    present = [m for m in MODALITIES if any(player.modality == m for player in players)]
    groups = np.array([present.index(player.modality) for player in players])
    return SegmentExplanation(
        players=players,
        explained=(1,),
        estimate=estimate,
        shares=(shares_of(estimate, groups, 0, seed=0),),
        p_none=np.array([0.6, 0.4]),
        p_all=np.array([0.3, 0.7]),
        masks={m: masks if m in present else 0 for m, masks in zip(MODALITIES, (4, 2, 4), strict=True)},
        frames_encoded=9,
        grid_points=24,
        converged=True,
        reliable=None if se is None else True,
        trained=False,
        seconds={"encode": 1.0, "grid": 2.0, "estimate": 3.0},
    )


def test_sums_keep_their_sign_and_shares_dont():
    row = modality_sums(explained([0.3, -0.1, 0.2, -0.1, -0.3]), 0)
    assert [row[f"phi_{m}"] for m in MODALITIES] == pytest.approx([0.2, 0.2, -0.4])
    assert [row[f"share_{m}_plain"] for m in MODALITIES] == pytest.approx([0.4, 0.2, 0.4])


def test_an_absent_modality_is_no_column_rather_than_zero():
    row = modality_sums(explained([0.1, 0.3], players=PLAYERS[:2]), 0)
    assert {name for name in row if "text" in name} == row.keys()
    assert (row["phi_text"], row["share_text_plain"]) == pytest.approx((0.4, 1.0))


@pytest.mark.parametrize("se", [None, 0.0, 0.1])
def test_nothing_over_nothing_is_null(se):
    row = modality_sums(explained([0.0] * 5, se=None if se is None else [se] * 5), 0)
    for m in MODALITIES:
        assert row[f"phi_{m}"] == 0.0
        assert [row[name.format(m)] for name in (*SHARES, "share_{}_plain")] == [None] * 4


def test_a_share_of_zero_is_no_null():
    row = modality_sums(explained([0.1, 0.1, 0.0, 0.1, 0.1]), 0)
    assert row["share_audio_plain"] == 0.0


def test_without_noise_the_corrected_share_is_the_plain_one():
    row = modality_sums(explained([0.3, -0.1, 0.2, -0.1, -0.3], se=[0.0] * 5), 0)
    for m in MODALITIES:
        assert {row[name.format(m)] for name in SHARES} == {row[f"share_{m}_plain"]}
        assert row[f"se_{m}"] == 0.0


def test_without_standard_errors_no_share_is_called_corrected():
    row = modality_sums(explained([0.3, -0.1, 0.2, -0.1, -0.3]), 0)
    for m in MODALITIES:
        assert {row[name.format(m)] for name in (*SHARES, "se_{}")} == {None}


def test_with_standard_errors_a_share_lies_within_its_interval():
    row = modality_sums(explained([0.3, -0.1, 0.2, -0.1, -0.3], se=[0.03, 0.04, 0.02, 0.0, 0.0]), 0)
    assert sum(row[f"share_{m}"] for m in MODALITIES) == pytest.approx(1)
    for m in MODALITIES:
        assert 0 < row[f"share_{m}_low"] < row[f"share_{m}"] < row[f"share_{m}_high"] < 1
    assert [row[f"se_{m}"] for m in MODALITIES] == pytest.approx([0.05, 0.02, 0.0])


@pytest.mark.parametrize(("seconds", "cut"), [(10, True), (9, False)])
def test_a_sound_of_more_than_9_375_s_is_seen_to_there_and_its_row_says_so(
    segment, artefact, model, tmp_path, seconds, cut
):
    samples = np.random.default_rng(0).integers(-20_000, 20_000, seconds * 16_000, dtype=np.int16)
    with wave.open(str(tmp_path / "long.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, len(samples), "NONE", ""))
        file.writeframes(samples.tobytes())
    long = replace(segment, path=tmp_path / "long.wav", start_ms=0.0, end_ms=None)
    clip = clip_of(long, artefact, model)
    np.testing.assert_allclose(clip.sound.wave, samples[:150_000] / 32_768, atol=1e-6)
    explanation = explained([0.3, -0.1, 0.2, -0.1, 0.0])
    assert explained_segment(long, clip, explanation, artefact, "some")["cut"] is cut


def test_rows_hold_what_the_explanation_says(segment, clip, artefact):
    explanation = explained([0.3, -0.1, 0.2, -0.1, 0.0], se=[0.01, 0.02, 0.0, 0.0, 0.0])
    named = replace(artefact, labels=("sad", "glad"))
    row = explained_segment(replace(segment, end_ms=None), clip, explanation, named, "some")
    assert row["segment_id"] == segment.segment_id
    assert row["end_ms"] == clip.end_ms
    assert (row["label_predicted"], row["probability"]) == ("glad", 0.7)
    assert (row["p_none"], row["p_all"]) == ([0.6, 0.4], [0.3, 0.7])
    assert [row[f"players_{m}"] for m in ("text", "audio", "video")] == [2, 1, 2]
    assert [row[f"masks_{m}"] for m in ("text", "audio", "video")] == [4, 2, 4]
    assert (row["encoder_passes"], row["frames_encoded"], row["se_max"]) == (10, 9, 0.02)
    assert row["grid_points"] == 24
    assert row["trained"] is False
    assert (row["converged"], row["reliable"]) == (True, True)
    (contribution,) = contributions("s", explanation, ("sad", "glad"))
    assert (contribution["label"], contribution["v_none"], contribution["v_all"]) == ("glad", 0.4, 0.7)
    rows = attributions("s", explanation, ("sad", "glad"))
    assert [(r["modality"], r["player"], r["phi"]) for r in rows] == [
        ("text", 0, 0.3),
        ("text", 1, -0.1),
        ("audio", 0, 0.2),
        ("video", 0, -0.1),
        ("video", 1, 0.0),
    ]
    assert (rows[0]["token"], rows[0]["char_start"], rows[0]["char_end"], rows[0]["se"]) == ("fine", 0, 4, 0.01)


@pytest.mark.parametrize("estimator", ["exact", "grid-interpolation", "grid-kernelshap", "chains"])
def test_every_key_is_a_column(segment, clip, backend, estimator):
    # An Arrow table made of rows leaves out, silently, what its schema doesn't name.
    small = replace(clip, text=None, sound=None)
    explanation = explain_clip(
        small, "s", backend, Options(estimator=estimator, video_players="time", classes="all", max_masks=1024)
    )
    artefact = backend.artefact
    failure = Failure("decode", "broken", FAILED)
    rows = {
        "segments": [
            explained_segment(segment, small, explanation, artefact, "exact"),
            failed_segment(segment, failure),
        ],
        "contributions": contributions("s", explanation, artefact.labels),
        "attributions": attributions("s", explanation, artefact.labels),
        "timings": [timing("s", explanation.seconds | {"decode": 0.1}, write_s=0.2, attempts=1, host="h")],
    }
    for table, some in rows.items():
        for row in some:
            assert not row.keys() - set(TABLES[table].names), table
