"""What decoding a segment costs where its neighbours are decoded by the same reader, and where each is decoded alone.

A recording of PAL size with a key frame every ten seconds, as encoders make them by default. The pictures are counted
and timed; sound is decoded for each segment by itself either way.
"""

import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import av
import click
import numpy as np

from batcher.run.unit import MOST_TOGETHER
from bench.output import Column, Report, Section, publish
from media import Preprocessing
from media.pictures import PictureReader
from media.video import read_video

RATE_HZ: Final = 25
KEY_FRAMES: Final = 10 * RATE_HZ
SIZE: Final = (720, 576)
SPAN_MS: Final = 3500.0
STEPS_MS: Final = {"adjacent": SPAN_MS, "overlapping": 2500.0, "with gaps": 6000.0}
"""From the start of a segment to that of the next."""

Span = tuple[float, float]


@dataclass(frozen=True)
class Row:
    """Segments of a kind, in tasks of a size."""

    spans: Annotated[str, Column("segments")]
    together: Annotated[int, Column("in a task")]
    number: Annotated[int, Column("segments")]
    decoded: Annotated[float, Column("frames decoded a frame needed", ".2f")]
    segment_ms: Annotated[float, Column("CPU ms a segment", ".0f")]
    ratio: Annotated[float, Column("of one by one", ".2f")]
    floor: Annotated[float, Column("floor", ".2f")]
    """Frames of the stretch that the segments cover, each once, by frames needed."""


def measure(seconds: int = 60, segments: int = 8, together: Sequence[int] = (1, MOST_TOGETHER)) -> Report:
    """Decode the same segments in tasks of several sizes, in one run.

    Args:
        seconds: of the recording.
        segments: of each kind, at most.
        together: segments of a task; 1 comes first, which the others are compared with.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = write_recording(Path(folder) / "recording.mp4", seconds)
        rows = [row for kind in STEPS_MS for row in _rows(path, kind, spans_of(kind, seconds, segments), together)]
    options = {"seconds": seconds, "segments": segments, "together": list(together)}
    notes = (f"{seconds} s of {SIZE[0]} x {SIZE[1]}, H.264, {RATE_HZ} frames a second, a key frame every 10 s.",)
    return Report("decoding", "none", options, (Section("decoding", rows, notes),))


def spans_of(kind: str, seconds: int, number: int) -> list[Span]:
    """Segments of a kind, in ms."""
    starts = itertools.takewhile(lambda start: start + SPAN_MS <= 1000 * seconds, itertools.count(0.0, STEPS_MS[kind]))
    return [(start, start + SPAN_MS) for start in itertools.islice(starts, number)]


def write_recording(path: Path, seconds: int) -> Path:
    """Slowly moving noise, which costs a decoder about what a picture does."""
    noise = np.random.default_rng(0).integers(0, 256, (SIZE[1] // 8, SIZE[0] // 8, 3), dtype=np.uint8)
    still = np.kron(noise, np.ones((8, 8, 1), dtype=np.uint8))
    options = {"preset": "ultrafast", "crf": "28", "g": str(KEY_FRAMES), "keyint_min": str(KEY_FRAMES)}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE_HZ, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for i in range(seconds * RATE_HZ):
            picture = np.ascontiguousarray(np.roll(still, 2 * i, axis=1))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def _rows(path: Path, kind: str, spans: Sequence[Span], together: Sequence[int]) -> Iterator[Row]:
    covered = {i for start, end in spans for i in _frames(start, end)}
    needed = sum(len(_frames(start, end)) for start, end in spans)
    alone_s = 0.0
    for size in together:
        began = time.process_time()
        decoded = sum(_decoded(path, spans[i : i + size]) for i in range(0, len(spans), size))
        seconds = time.process_time() - began
        alone_s = alone_s or seconds
        segment_ms = 1e3 * seconds / len(spans)
        yield Row(kind, size, len(spans), decoded / needed, segment_ms, seconds / alone_s, len(covered) / needed)


def _frames(start_ms: float, end_ms: float) -> range:
    """Numbers of the frames of a span."""
    return range(-int(-start_ms * RATE_HZ // 1000), -int(-end_ms * RATE_HZ // 1000))


def _decoded(path: Path, spans: Sequence[Span]) -> int:
    """How many frames are decoded for the spans of a task."""
    preprocessing = Preprocessing()
    with closing(PictureReader(path, preprocessing.image_size)) as reader:
        for start_ms, end_ms in spans:
            read_video(reader, start_ms, end_ms, preprocessing.max_frames)
        return reader.decoded


@click.command(help=__doc__)
@click.option("--seconds", type=click.IntRange(min=10), default=60, show_default=True, help="Of the recording.")
@click.option("--segments", type=click.IntRange(min=1), default=8, show_default=True, help="Of each kind, at most.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    publish(measure(**options), json_file)


if __name__ == "__main__":
    main()
