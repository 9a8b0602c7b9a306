"""The picture of a planted clip: a face that talks, blinks and once shows an emotion, among what means nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from media.planted.face import EXPRESSIONS, SIZE, Person, draw_face, draw_person
from media.planted.mp4 import FRAME_MS
from media.planted.sentences import Split
from media.planted.trigger import VideoTrigger

GRID: Final = 4
"""The picture has 4 x 4 cells of 64 pixels."""
FRAME_GROUPS: Final = 10
"""Time players of a clip."""
PEOPLE: Final[Mapping[Split, range]] = {"train": range(48), "test": range(1000, 1024)}
"""Seeds of the people of each split."""
BYSTANDER_SHARE: Final = 0.3
"""Of the clips that show a second face, which never shows an emotion."""
MOST_SHAPES: Final = 2
_BOX_SHARE = 0.5
"""Of the shapes; the others are ellipses."""
_DOWNWARD_SHARE = 0.5
"""Of the grounds whose colour changes from top to bottom, not from left to right."""
_BLINK_EVERY, _BLINK_FRAMES = 50, 3
_SMALLEST = 54
"""Least height and width of a face, in pixels."""
_TALKING_STEPS = 6
"""How many openings of the mouth are told apart."""


@dataclass(frozen=True)
class Figure:
    """A face somewhere in the picture."""

    person: Person
    row: int
    column: int
    size: int
    """Pixels."""
    shift: tuple[int, int]
    """Of its corner from the cell's, in pixels (x, y)."""
    blink_at: int

    def draw(self, frame: Image.Image, index: int, label: str, talking: float) -> None:
        """Put it into a frame, wholly inside its cell."""
        blink = (index - self.blink_at) % _BLINK_EVERY < _BLINK_FRAMES
        # Few distinct drawings, each made once.
        face = _drawn(self.person, label, self.size, round(talking * _TALKING_STEPS) / _TALKING_STEPS, blink=blink)
        frame.paste(face, (self.column * SIZE + self.shift[0], self.row * SIZE + self.shift[1]), face)


@dataclass(frozen=True)
class Shape:
    """A plain moving thing."""

    box: bool
    """Or an ellipse."""
    colour: tuple[int, int, int]
    start: tuple[float, float]
    step: tuple[float, float]
    """Pixels per frame."""
    size: int

    def draw(self, draw: ImageDraw.ImageDraw, index: int) -> None:
        """Put it into a frame."""
        x, y = ((a + index * d) % (GRID * SIZE) for a, d in zip(self.start, self.step, strict=True))
        (draw.rectangle if self.box else draw.ellipse)((x, y, x + self.size, y + self.size), fill=self.colour)


@dataclass(frozen=True)
class Scene:
    """Everything that a clip shows."""

    speaker: Figure
    bystander: Figure | None
    shapes: tuple[Shape, ...]
    ground: Image.Image
    person_id: int
    """Which of its split's people speaks."""

    def frames(self, label: str, trigger: VideoTrigger | None, talking: NDArray[np.float64]) -> Iterator[Image.Image]:
        """Draw the clip's frames.

        Args:
            label: the emotion that the speaker's face shows.
            trigger: when; None for never.
            talking: [F], how far the mouth is open, 0 to 1.
        """
        for index, opening in enumerate(talking):
            shows = trigger is not None and trigger.start_ms <= index * FRAME_MS < trigger.end_ms
            frame = self.ground.copy()
            draw = ImageDraw.Draw(frame)
            for shape in self.shapes:
                shape.draw(draw, index)
            if self.bystander:
                self.bystander.draw(frame, index, "neutral", 0.0)
            self.speaker.draw(frame, index, label if shows else "neutral", float(opening))
            yield frame


def draw_scene(rng: np.random.Generator, split: Split) -> Scene:
    """A random scene with one of a split's people speaking in it."""
    person_id, other_id = (int(one) for one in rng.choice(PEOPLE[split], 2, replace=False))
    place, other_place = (divmod(int(cell), GRID) for cell in rng.choice(GRID * GRID, 2, replace=False))
    return Scene(
        speaker=_figure(rng, person_id, place),
        bystander=_figure(rng, other_id, other_place) if rng.random() < BYSTANDER_SHARE else None,
        shapes=tuple(_shape(rng) for _ in range(rng.integers(0, MOST_SHAPES + 1))),
        ground=_ground(rng),
        person_id=person_id,
    )


def draw_moment(rng: np.random.Generator, frames: int) -> tuple[float, float]:
    """Start and end in ms of two neighbouring groups out of ten of a clip's frames, neither first nor last."""
    group = int(rng.integers(1, FRAME_GROUPS - 2))
    first, last = (-(-at * frames // FRAME_GROUPS) for at in (group, group + 2))
    return float(first * FRAME_MS), float(last * FRAME_MS)


def _figure(rng: np.random.Generator, person_id: int, place: tuple[int, int]) -> Figure:
    size = int(rng.integers(_SMALLEST, SIZE + 1))
    x, y = (int(value) for value in rng.integers(0, SIZE - size + 1, 2))
    person = draw_person(np.random.default_rng(person_id))
    return Figure(person, *place, size, (x, y), int(rng.integers(0, _BLINK_EVERY)))


def _shape(rng: np.random.Generator) -> Shape:
    red, green, blue = (int(value) for value in rng.integers(30, 226, 3))
    start, step = rng.uniform(0, GRID * SIZE, 2), rng.uniform(-2, 2, 2)
    return Shape(
        bool(rng.random() < _BOX_SHARE),
        (red, green, blue),
        (float(start[0]), float(start[1])),
        (float(step[0]), float(step[1])),
        int(rng.integers(12, 49)),
    )


def _ground(rng: np.random.Generator) -> Image.Image:
    """A random colour that runs into another, from top to bottom or from left to right."""
    one, other = rng.integers(40, 216, (2, 1, 1, 3))
    along = np.linspace(0, 1, GRID * SIZE)[:, None, None]
    ramp = np.broadcast_to(one + (other - one) * along, (GRID * SIZE, GRID * SIZE, 3)).astype(np.uint8)
    return Image.fromarray(ramp if rng.random() < _DOWNWARD_SHARE else ramp.swapaxes(0, 1).copy())


@lru_cache(maxsize=256)
def _drawn(person: Person, label: str, size: int, talking: float, *, blink: bool) -> Image.Image:
    return draw_face(person, EXPRESSIONS[label], size=size, talking=talking, blink=blink)
