"""A run over planted clips, from a manifest to an open result."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import click

from batcher.collection import Segment, row_of
from batcher.options import Options
from batcher.players import VideoPlayers
from batcher.run import Run, explain_collection
from batcher.store.result import Result, load_result

T = TypeVar("T")


@dataclass(frozen=True)
class PlantedRun:
    """How clips are explained."""

    model: Path
    folder: Path
    """For manifests and results."""
    masks: int | Literal["auto"]
    space_time_clips: int
    workers: int

    def explain(self, segments: Sequence[Segment], kind: VideoPlayers) -> Result:
        """Explain clips, with players in space and time only some of them.

        Raises:
            click.ClickException: some of them failed.
        """
        taken = spread(segments, self.space_time_clips) if kind == "space-time" else segments
        manifest = write_segments(taken, self.folder / f"{kind}.jsonl")
        options = Options(masks=self.masks, video_players=kind)
        run = Run(manifest, self.model, self.folder / kind, options=options, workers=self.workers)
        finished = explain_collection(run)
        if finished.failed:
            reason, _, segment_id = finished.failures[0]
            raise click.ClickException(
                f"{finished.failed} of {finished.segments} clips failed, so the rates mean nothing; "
                f"{segment_id}, for one: {reason}"
            )
        return load_result(run.out)


def spread(segments: Sequence[T], most: int) -> list[T]:
    """At most so many, at equal distances: neighbours in a corpus are of one kind."""
    kept = min(len(segments), most)
    return [segments[i * len(segments) // kept] for i in range(kept)]


def write_segments(segments: Sequence[Segment], out: Path) -> Path:
    """Write a manifest of these segments, with all their columns."""
    with out.open("w") as file:
        for segment in segments:
            file.write(json.dumps(row_of(segment) | {"media": str(segment.path)}) + "\n")
    return out
