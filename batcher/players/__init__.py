"""Players: what of a clip can be masked, by modality. `docs/players.md` has an example of each kind."""

from batcher.players.clip import players_of
from batcher.players.picture import MOST_FRAME_GROUPS, REST, VIDEO_PLAYERS, VideoPlayers, video_players
from batcher.players.player import NEVER_MASKED, Player, Players
from batcher.players.sound import AUDIO_PLAYERS, PAUSE_MS, SAMPLES_PER_PLAYER, AudioPlayers, audio_players
from batcher.players.text import TOKENS, text_players, words_per_player
from media.region import CELLS

__all__ = [
    "AUDIO_PLAYERS",
    "CELLS",
    "MOST_FRAME_GROUPS",
    "NEVER_MASKED",
    "PAUSE_MS",
    "REST",
    "SAMPLES_PER_PLAYER",
    "TOKENS",
    "VIDEO_PLAYERS",
    "AudioPlayers",
    "Player",
    "Players",
    "VideoPlayers",
    "audio_players",
    "players_of",
    "text_players",
    "video_players",
    "words_per_player",
]
