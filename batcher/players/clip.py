"""The players of a whole clip."""

from batcher.players.picture import VideoPlayers, video_players
from batcher.players.player import Players
from batcher.players.sound import AudioPlayers, audio_players
from batcher.players.text import TOKENS, text_players
from media import Clip
from media.modality import Modality


def players_of(
    clip: Clip,
    *,
    sample_rate_hz: int,
    video: VideoPlayers,
    audio: AudioPlayers = "half-seconds",
    text: str = TOKENS,
) -> dict[Modality, Players]:
    """The players of each modality that the clip has.

    Args:
        clip: a decoded clip.
        sample_rate_hz: of its sound.
        video: whether the picture's players are cells, groups of frames, cells within groups, or the clip's regions.
        audio: whether the sound's are half-seconds, or the clip's words and the pauses between them.
        text: whether the text's are tokens, words, or 2-grams, 3-grams and so on of words.

    Returns:
        By modality, in the order of players: text, audio, video.

    Raises:
        MediaError: words of the text are wanted, and only ids of its tokens are known.
        ValueError: there is no such kind of text players.
    """
    players: dict[Modality, Players] = {}
    if clip.text is not None:
        players["text"] = text_players(clip.text, text)
    if clip.sound is not None:
        players["audio"] = audio_players(clip.sound, sample_rate_hz, audio, clip.words)
    if clip.video is not None:
        players["video"] = video_players(clip.video, video, clip.regions)
    return players
