"""One clip to explain: what of it the model sees, how players divide it, and the seeds of what is drawn for it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batcher.designs import modality_seed
from batcher.estimators.exact import MAX_PLAYERS
from batcher.grid.maskable import Divided
from batcher.options import Options
from batcher.players import Players, players_of
from export.artefact import Artefact
from media import Clip, MediaError
from media.modality import Modality

Designs = Mapping[Modality, NDArray[np.bool_]]
"""Sub-masks [K, n] of each modality that the clip has."""


@dataclass(frozen=True)
class Task:
    """A clip, a model's description, and how the one is explained by the other."""

    segment_id: str
    players: Mapping[Modality, Players]
    """Of the modalities that the clip has and the model sees."""
    options: Options
    artefact: Artefact

    @classmethod
    def of(cls, clip: Clip, segment_id: str, artefact: Artefact, options: Options) -> "Task":
        """Divide a clip among players.

        Raises:
            MediaError: the clip has no modality that the model sees, or words of its text are wanted and it brings
                token ids.
            ValueError: it has more players than `exact` can enumerate.
        """
        found = players_of(
            clip,
            sample_rate_hz=artefact.preprocessing.sample_rate_hz,
            video=options.video_players,
            audio=options.audio_players,
            text=options.text_players,
        )
        players = {m: p for m, p in found.items() if m in artefact.modalities}
        if not players:
            raise MediaError(
                f"the segment has {', '.join(found) or 'nothing'}, the model sees {', '.join(artefact.modalities)}; "
                "leave it out, or use a model that sees what it has"
            )
        task = cls(segment_id, players, options, artefact)
        if options.estimator == "exact":
            _check_enumerable(task)
        return task

    @property
    def counts(self) -> dict[Modality, int]:
        """N players of each modality."""
        return {m: p.n for m, p in self.players.items()}

    @property
    def divided(self) -> dict[Modality, Divided]:
        """What of the clip each modality's players divide."""
        return {m: Divided(p.content, p.positions) for m, p in self.players.items()}

    def seed(self, of: str) -> int:
        """The seed of a modality's design, or of what else is drawn."""
        return modality_seed(self.options.seed, self.segment_id, of)


def _check_enumerable(task: Task) -> None:
    """Raise ValueError for more players than can be enumerated: 2^n masks would be encoded before `exact` could."""
    n = sum(task.counts.values())
    if n > MAX_PLAYERS:
        raise ValueError(
            f"the segment has {n} players and 'exact' takes at most {MAX_PLAYERS}: use an estimator that samples, "
            "or fewer players (--text-players words, --video-players time, a shorter segment)"
        )
    for modality, count in task.counts.items():
        if 1 << count > task.options.max_masks:
            raise ValueError(
                f"'exact' needs {1 << count} masks for the segment's {count} {modality} players, more than the "
                f"{task.options.max_masks} allowed: raise --max-masks, or use an estimator that samples"
            )
