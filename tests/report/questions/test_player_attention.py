from dataclasses import replace

import numpy as np
import pytest

from batcher.players import CELLS, NEVER_MASKED, audio_players, text_players, video_players
from report.questions.player_attention import frame_centres, player_attention
from sseft.config import Wav2VecConfig, frames_of
from sseft.presets import tiny

AUDIO = tiny().audio


def test_a_players_attention_is_that_of_its_tokens(clip):
    players = text_players(clip.text)
    attention = np.linspace(0.1, 0.2, len(clip.text.ids))
    found = player_attention(attention, players, "text", AUDIO)
    np.testing.assert_allclose(found, attention[players.positions != NEVER_MASKED])
    assert len(found) == players.n


def test_frames_of_sound_belong_to_the_half_second_that_they_are_in_the_middle_of(clip):
    wave = np.zeros(16_000, np.float32)
    players = audio_players(replace(clip.sound, wave=wave), 16_000)
    # 465 samples a frame, 160 apart: frame 48 is centred at 7912, frame 49 at 8072.
    found = player_attention(np.eye(100)[48] + 10 * np.eye(100)[49], players, "audio", AUDIO)
    assert found.tolist() == [1, 10]


def test_frames_that_only_see_padding_belong_to_the_last_half_second():
    config = Wav2VecConfig(dim=8, extractor=((10, 5), (4, 2)))
    assert frame_centres(config, 5, 30).tolist() == [12, 22, 29, 29, 29]


def test_a_frame_is_centred_in_what_the_extractor_sees_of_it():
    first = frame_centres(AUDIO, 1, 10_000)[0]
    field = next(samples for samples in range(1, 1000) if frames_of(AUDIO.extractor, samples) == 1)
    assert first == field // 2
    assert np.diff(frame_centres(AUDIO, 3, 10_000)).tolist() == [160, 160]


def test_groups_of_frames_have_the_attention_of_their_frames(clip):
    video = replace(clip.video, frames=clip.video.frames[[*range(10), 0, 1]], times_ms=np.arange(13.0))
    players = video_players(video, "time")
    found = player_attention(np.arange(12.0), players, "video", AUDIO)
    assert found.sum() == np.arange(12).sum()
    assert found[0] == np.arange(12)[players.positions[:, 0, 0] == 0].sum()


@pytest.mark.parametrize("kind", ["space", "space-time"])
def test_cells_of_the_picture_have_none(clip, kind):
    players = video_players(clip.video, kind)
    assert players.n >= CELLS**2
    assert player_attention(np.ones(len(clip.video.frames)), players, "video", AUDIO) is None
