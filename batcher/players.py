"""Players: what of a clip can be masked, and what each of them is called in the results."""

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from media import Clip, Sound, Text, Video
from media.modality import Modality

VideoPlayers = Literal["space", "time", "space-time"]
VIDEO_PLAYERS: Final[tuple[VideoPlayers, ...]] = get_args(VideoPlayers)

SAMPLES_PER_PLAYER: Final = 8000
"""Half a second at 16 kHz."""
CELLS: Final = 4
"""Cells of the picture along each axis."""
MOST_FRAME_GROUPS: Final = 10
NEVER_MASKED: Final = -1


@dataclass(frozen=True)
class Player:
    """One player, as a row of `attributions/` describes it. Times are in the media file's time."""

    modality: Modality
    index: int
    """Within the modality."""
    token: str | None = None
    char_start: int | None = None
    char_end: int | None = None
    start_ms: float | None = None
    end_ms: float | None = None
    row: int | None = None
    column: int | None = None
    frame_group: int | None = None


@dataclass(frozen=True)
class Players:
    """The players of one modality of a clip."""

    content: NDArray[Any]
    """What they mask parts of: token ids [L], wave [N] or frames [F, 3, S, S]."""
    positions: NDArray[np.int64]
    """The player of each position (token [L], sample [N], or cell of a frame [F, 4, 4]), -1 for none."""
    described: tuple[Player, ...]

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.described)


def players_of(clip: Clip, *, sample_rate_hz: int, video: VideoPlayers) -> dict[Modality, Players]:
    """The players of each modality that the clip has.

    Args:
        clip: a decoded clip.
        sample_rate_hz: of its sound.
        video: whether the picture's players are cells, groups of frames, or cells within groups.

    Returns:
        By modality, in the order of players: text, audio, video.
    """
    players: dict[Modality, Players] = {}
    if clip.text is not None:
        players["text"] = text_players(clip.text)
    if clip.sound is not None:
        players["audio"] = audio_players(clip.sound, sample_rate_hz)
    if clip.video is not None:
        players["video"] = video_players(clip.video, video)
    return players


def text_players(text: Text) -> Players:
    """Every token but `<s>`, `</s>` and padding."""
    positions = np.where(text.special, NEVER_MASKED, np.cumsum(~text.special) - 1)
    described: list[Player] = []
    for i in np.flatnonzero(~text.special):
        start, end = (int(edge) for edge in text.spans[i])
        known = start >= 0
        described.append(
            Player(
                "text",
                len(described),
                token=text.tokens[i],
                char_start=start if known else None,
                char_end=end if known else None,
            )
        )
    return Players(text.ids, positions.astype(np.int64), tuple(described))


def audio_players(sound: Sound, sample_rate_hz: int) -> Players:
    """Half-seconds, the remainder spread over them.

    n = max(1, N // 8000) players; player i covers samples floor(i N / n) to floor((i + 1) N / n).
    """
    samples = len(sound.wave)
    n = max(1, samples // SAMPLES_PER_PLAYER)
    edges = [i * samples // n for i in range(n + 1)]
    times_ms = [sound.start_ms + 1000 * edge / sample_rate_hz for edge in edges]
    described = tuple(Player("audio", i, start_ms=times_ms[i], end_ms=times_ms[i + 1]) for i in range(n))
    return Players(sound.wave, np.repeat(np.arange(n), np.diff(edges)), described)


def video_players(video: Video, kind: VideoPlayers) -> Players:
    """Cells of the picture, groups of frames, or cells within groups of frames.

    Time makes min(10, F) equal groups of the F frames; a player of space-time is cell c of group g, with
    index 16 g + c.
    """
    frames = len(video.frames)
    groups = 1 if kind == "space" else min(MOST_FRAME_GROUPS, frames)
    group = np.arange(frames) * groups // frames
    cells = np.arange(1 if kind == "time" else CELLS * CELLS)
    layout = np.broadcast_to(cells.reshape((1, 1) if kind == "time" else (CELLS, CELLS)), (CELLS, CELLS))
    described = []
    for g in range(groups):
        inside = np.flatnonzero(group == g)
        start_ms, end_ms = float(video.times_ms[inside[0]]), float(video.times_ms[inside[-1] + 1])
        described += [
            Player(
                "video",
                g * len(cells) + int(cell),
                start_ms=start_ms,
                end_ms=end_ms,
                row=None if kind == "time" else int(cell) // CELLS,
                column=None if kind == "time" else int(cell) % CELLS,
                frame_group=None if kind == "space" else g,
            )
            for cell in cells
        ]
    return Players(video.frames, group[:, None, None] * len(cells) + layout, tuple(described))
