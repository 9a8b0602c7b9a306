from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from media.planted.clip import LABELS
from media.planted.face import EXPRESSIONS, HAIR, SIZE, Person, draw_face, draw_person
from media.planted.scene import PEOPLE

PERSON = Person((230, 190, 160), (60, 40, 30))


def drawn(person=PERSON, label="neutral", **options):
    return np.asarray(draw_face(person, EXPRESSIONS[label], **options), dtype=float)


def test_every_label_has_a_face_of_its_own():
    assert set(EXPRESSIONS) == set(LABELS)
    faces = {label: drawn(label=label) for label in LABELS}
    for one, other in combinations(LABELS, 2):
        assert np.abs(faces[one] - faces[other]).mean() > 1.0


@pytest.mark.parametrize("size", [54, SIZE])
def test_a_face_is_a_square_with_nothing_in_its_corners(size):
    face = drawn(size=size)
    assert face.shape == (size, size, 4)
    assert not face[[0, 0, -1, -1], [0, -1, 0, -1], 3].any()
    assert face[size // 2, size // 2, 3] == 255


@pytest.mark.parametrize("label", LABELS)
def test_talking_opens_the_mouth_and_a_blink_shuts_the_eyes(label):
    eyes, mouth = slice(SIZE // 4, SIZE // 2), slice(5 * SIZE // 8, SIZE)
    for options, moved, still in (({"talking": 1.0}, mouth, eyes), ({"blink": True}, eyes, mouth)):
        change = np.abs(drawn(label=label, **options) - drawn(label=label))
        assert change[moved].max() > 50
        assert not change[still].any()


@pytest.mark.parametrize(
    "trait",
    [
        {"skin": (120, 90, 70)},
        {"hair": (200, 160, 100)},
        {"style": "long"},
        {"style": "none"},
        {"width": 0.85},
        {"eye_distance": 0.9},
        {"glasses": True},
        {"beard": True},
    ],
)
def test_every_trait_is_seen(trait):
    assert np.abs(drawn(replace(PERSON, **trait)) - drawn()).mean() > 0.5


def test_no_two_people_of_any_split_are_alike():
    people = [draw_person(np.random.default_rng(seed)) for split in PEOPLE.values() for seed in split]
    assert len({person.skin + person.hair for person in people}) == len(people) == 72
    assert {person.style for person in people} == set(HAIR)
    assert {person.glasses for person in people} == {person.beard for person in people} == {True, False}
