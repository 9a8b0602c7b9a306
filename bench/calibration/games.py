"""The games of this bench: those of `bench.accuracy`, and some with more players of one modality, which are weaker."""

from collections.abc import Mapping
from typing import Final

from bench.accuracy.synthetic import PLAYERS, SYNTHETIC, synthetic_game
from bench.grid_game import GridGame

MORE_VIDEO: Final = (6, 4, 14)
"""Players of text, audio and video; as many values in all."""
GAMES: Final[Mapping[str, tuple[str, tuple[int, int, int]]]] = {
    **{name: (name, PLAYERS) for name in SYNTHETIC},
    **{f"{name}, video 14": (name, MORE_VIDEO) for name in ("interacting", "text collapsed")},
}
"""By what tables call them: the synthetic game, and its players."""


def game_of(name: str) -> GridGame:
    """One of the games `GAMES`; its values take 134 MB."""
    synthetic, players = GAMES[name]
    return synthetic_game(synthetic, players=players)
