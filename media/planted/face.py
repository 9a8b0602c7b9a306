"""A drawn face that shows one of seven expressions."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIZE: Final = 64
"""Largest height and width of the face, in pixels: one cell of the 4 x 4 grid of a 256 x 256 frame."""
_FULL = 256
"""It is drawn at this size, and made smaller."""
_DARK = (40, 24, 24)
_GLASSES_SHARE = 0.3
_BEARD_SHARE = 0.25
_SHUT = 2
"""Half the height below which an eye is drawn as a line."""


@dataclass(frozen=True)
class Expression:
    """What the parts of a face do, each 0 for nothing unless it says otherwise."""

    brow_raise: float = 0.0
    brow_tilt: float = 0.0
    """1: inner ends up (sad), -1: inner ends down (angry)."""
    eye_open: float = 1.0
    """0 shut, 1 usual."""
    mouth_curve: float = 0.0
    """1: corners up, -1: corners down."""
    mouth_open: float = 0.0
    mouth_width: float = 1.0
    nose_wrinkle: float = 0.0


EXPRESSIONS: Final = {
    "neutral": Expression(),
    "sadness": Expression(brow_raise=0.3, brow_tilt=1.0, eye_open=0.55, mouth_curve=-1.0),
    "anger": Expression(brow_raise=-0.7, brow_tilt=-1.2, eye_open=0.7, mouth_curve=-0.5, mouth_open=0.35),
    "joy": Expression(brow_raise=0.3, eye_open=0.6, mouth_curve=1.2, mouth_open=0.5, mouth_width=1.2),
    "surprise": Expression(brow_raise=1.2, eye_open=1.5, mouth_open=0.9, mouth_width=0.55),
    "fear": Expression(brow_raise=0.9, brow_tilt=0.9, eye_open=1.5, mouth_curve=-0.6, mouth_open=0.5),
    "disgust": Expression(
        brow_raise=-0.5, brow_tilt=-0.3, eye_open=0.35, mouth_curve=-0.9, mouth_width=0.8, nose_wrinkle=1.0
    ),
}

HAIR: Final = ("short", "long", "none")


@dataclass(frozen=True)
class Person:
    """Whose face it is."""

    skin: tuple[int, int, int]
    """RGB."""
    hair: tuple[int, int, int]
    """RGB."""
    style: str = "short"
    """Of the hair, one of `HAIR`."""
    width: float = 1.0
    """Of the head, 1 usual."""
    eye_distance: float = 1.0
    glasses: bool = False
    beard: bool = False


def draw_person(rng: np.random.Generator) -> Person:
    """A random person."""
    tone = np.array([236, 190, 158]) * rng.uniform(0.5, 1.0) * rng.uniform(0.94, 1.06, 3)
    hair = rng.uniform(20, 200) * np.array([1.0, 0.8, 0.55]) * rng.uniform(0.8, 1.2, 3)
    return Person(
        skin=_rgb(tone),
        hair=_rgb(hair),
        style=str(rng.choice(HAIR)),
        width=float(rng.uniform(0.84, 1.0)),
        eye_distance=float(rng.uniform(0.88, 1.1)),
        glasses=bool(rng.random() < _GLASSES_SHARE),
        beard=bool(rng.random() < _BEARD_SHARE),
    )


def draw_face(
    person: Person, expression: Expression, *, size: int = SIZE, talking: float = 0.0, blink: bool = False
) -> Image.Image:
    """Draw a face.

    Args:
        person: whose.
        expression: what it shows.
        size: height and width in pixels.
        talking: how far speech opens the mouth, 0 to 1.
        blink: whether the eyes are shut.

    Returns:
        RGBA, size x size, transparent around the head.
    """
    if blink:
        expression = replace(expression, eye_open=0.0)
    expression = replace(expression, mouth_open=min(1.0, expression.mouth_open + 0.4 * talking))
    image = Image.new("RGBA", (_FULL, _FULL), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    _draw_head(draw, person)
    for side in (-1, 1):
        _draw_eye(draw, side, person, expression)
        _draw_brow(draw, side, person, expression)
    _draw_nose(draw, expression)
    _draw_mouth(draw, expression)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _rgb(colour: NDArray[np.float64]) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in np.clip(colour, 0, 255))
    return red, green, blue


def _draw_head(draw: ImageDraw.ImageDraw, person: Person) -> None:
    half = 100 * person.width
    if person.style == "long":
        draw.rounded_rectangle((128 - half - 18, 40, 128 + half + 18, 236), 60, fill=person.hair)
    if person.style != "none":
        draw.ellipse((128 - half - 6, 4, 128 + half + 6, 190), fill=person.hair)
    draw.ellipse((128 - half, 24, 128 + half, 252), fill=person.skin, outline=_DARK, width=4)
    if person.beard:
        draw.chord((128 - half * 0.86, 70, 128 + half * 0.86, 248), 25, 155, fill=person.hair)


def _draw_eye(draw: ImageDraw.ImageDraw, side: int, person: Person, expression: Expression) -> None:
    x, y, half = 128 + side * 42 * person.eye_distance, 112, 20 * expression.eye_open
    if person.glasses:
        draw.ellipse((x - 36, y - 34, x + 36, y + 34), outline=_DARK, width=5)
    if half < _SHUT:
        draw.line((x - 22, y, x + 22, y), fill=_DARK, width=7)
        return
    draw.ellipse((x - 24, y - half, x + 24, y + half), fill=(255, 255, 255), outline=_DARK, width=4)
    pupil = min(11.0, half)
    draw.ellipse((x - pupil, y - pupil, x + pupil, y + pupil), fill=_DARK)


def _draw_brow(draw: ImageDraw.ImageDraw, side: int, person: Person, expression: Expression) -> None:
    x, y, tilt = 128 + side * 42 * person.eye_distance, 78 - 20 * expression.brow_raise, 15 * expression.brow_tilt
    draw.line((x - side * 28, y - tilt, x + side * 28, y + tilt), fill=_DARK, width=12)


def _draw_nose(draw: ImageDraw.ImageDraw, expression: Expression) -> None:
    draw.line(((128, 120), (116, 152), (134, 154)), fill=_DARK, width=5)
    for step in range(round(3 * expression.nose_wrinkle)):
        y = 118 + 12 * step
        draw.line(((100, y), (128, y - 8), (156, y)), fill=_DARK, width=5)


def _draw_mouth(draw: ImageDraw.ImageDraw, expression: Expression) -> None:
    steps = [step / 8 for step in range(-8, 9)]
    width = 52 * expression.mouth_width
    bend = 26 * expression.mouth_curve
    rise, drop = 6 + 10 * expression.mouth_open, 14 + 38 * expression.mouth_open
    upper = [(128 + width * s, 188 + bend * (0.5 - s * s) - rise * (1 - s * s)) for s in steps]
    lower = [(x, y + drop * (1 - s * s)) for (x, y), s in zip(upper, steps, strict=True)]
    draw.polygon([*upper, *reversed(lower)], fill=(120, 20, 30), outline=_DARK)
    draw.line(upper, fill=_DARK, width=7)
    draw.line(lower, fill=_DARK, width=7)
