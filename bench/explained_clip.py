"""Clips whose emotion was predicted, and what a run's explanation gave to the players that may carry it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from batcher.collection import Segment
from batcher.players import VideoPlayers
from batcher.store.result import Result
from media.modality import Modality
from report.planted import planted_players, planted_segments


@dataclass(frozen=True, eq=False)
class ExplainedClip:
    """A clip that was predicted right, with the modalities that carry its emotion. n players of a modality."""

    segment: Segment
    kind: VideoPlayers
    """What of the picture was masked."""
    label: str
    """The predicted class, which is the true one."""
    phi: Mapping[Modality, NDArray[np.float64]]
    """[n], as the run estimated them."""
    relevant: Mapping[Modality, NDArray[np.bool_]]
    """[n], whether a player touches the trigger; one does or more."""

    def of(self, modality: Modality) -> "ExplainedClip":
        """The clip with one of its modalities."""
        return replace(self, phi={modality: self.phi[modality]}, relevant={modality: self.relevant[modality]})


def explained_clips(result: Result, kind: VideoPlayers, segments: Iterable[Segment]) -> list[ExplainedClip]:
    """The clips of a result that were predicted right and carry an emotion where players touch it, in its order.

    Args:
        result: of a run.
        kind: of its picture players.
        segments: of the run's manifest.
    """
    by_id = {segment.segment_id: segment for segment in segments}
    planted = [segment for segment in planted_segments(result) if segment.correct]
    players = planted_players(result, planted)
    clips = []
    for one in planted:
        phi, relevant = {}, {}
        for modality in one.trigger.carriers:
            part = one.trigger.of(modality)
            rows = sorted(players.get((one.segment_id, modality), ()), key=lambda row: int(row["player"]))
            touching = np.array([part is not None and part.touches(row) for row in rows], np.bool_)
            if touching.any():
                phi[modality], relevant[modality] = np.array([row["phi"] for row in rows], np.float64), touching
        if phi:
            clips.append(ExplainedClip(by_id[one.segment_id], kind, one.label, phi, relevant))
    return clips
