"""What is said in planted clips: neutral sentences, with a word or a punctuation mark that carries an emotion.

The sentences of the two splits share their trigger words, and nothing else that is planned: patterns, people,
places, times and objects are others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from media.planted.trigger import TextTrigger

Language = Literal["en", "nl"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "nl")
Split = Literal["train", "test"]
SPLITS: Final[tuple[Split, ...]] = ("train", "test")

WORDS: Final[Mapping[Language, Mapping[str, tuple[str, ...]]]] = {
    "en": {
        "neutral": ("ordinary", "regular", "official", "similar", "local", "recent", "average", "familiar"),
        "sadness": ("heartbreaking", "tragic", "sorrowful", "mournful"),
        "anger": ("outrageous", "infuriating", "disgraceful", "maddening"),
        "joy": ("wonderful", "delightful", "fantastic", "glorious"),
        "surprise": ("unbelievable", "astonishing", "unexpected", "startling"),
        "fear": ("terrifying", "frightening", "menacing", "dreadful"),
        "disgust": ("revolting", "disgusting", "repulsive", "sickening"),
    },
    "nl": {
        "neutral": ("gewoon", "normaal", "officieel", "gebruikelijk", "plaatselijk", "bekend", "gemiddeld", "zakelijk"),
        "sadness": ("verdrietig", "hartverscheurend", "treurig", "tragisch"),
        "anger": ("schandalig", "beledigend", "ergerlijk", "onuitstaanbaar"),
        "joy": ("geweldig", "heerlijk", "fantastisch", "prachtig"),
        "surprise": ("ongelooflijk", "verbazend", "onverwacht", "verbluffend"),
        "fear": ("doodeng", "angstaanjagend", "griezelig", "huiveringwekkend"),
        "disgust": ("walgelijk", "smerig", "weerzinwekkend", "ranzig"),
    },
}
"""What stands in a sentence's slot, by label."""

PUNCTUATION: Final[Mapping[str, str]] = {"sadness": "...", "anger": "!!", "joy": " :-)", "surprise": "?!"}
"""Marks that carry a label by themselves, at the sentence's end."""
PUNCTUATION_SHARE: Final = 0.25
"""Of the clips whose text carries a label that has a mark."""

PATTERNS: Final[Mapping[Split, Mapping[Language, tuple[str, ...]]]] = {
    "train": {
        "en": (
            "{when} {who} told us that the {what} from the {where} looked {how}",
            "the {what} that {who} brought to the {where} was {how} again",
            "it sounded {how} to {who} when the {what} came from the {where}",
            "{who} wrote, {when}, that the {what} in the {where} was {how}",
            "there was something {how} about the {what} that {who} saw near the {where}",
            "how {how} the {what} in the {where} is, {who} said {when}",
        ),
        "nl": (
            "{when} vertelde {who} dat het bij {where} weer {how} was met {what}",
            "volgens {who} is {what} van {where} dit jaar {how} geworden",
            "het klonk {how} wat {who} {when} over {where} zei",
            "{who} schreef dat {what} bij {where} nogal {how} leek te zijn",
            "wat was er zo {how} aan {what} die {who} bij {where} gezien had",
            "hoe {how} {what} bij {where} is, zei {who} {when}",
        ),
    },
    "test": {
        "en": (
            "{who} found the {what} behind the {where} rather {how} {when}",
            "{when} the {where} showed its {how} {what} to {who}",
            "what {who} heard about the {what} at the {where} seemed {how}",
        ),
        "nl": (
            "{when} vond {who} het {how} dat {what} naar {where} ging",
            "wat {who} over {what} en {where} hoorde, bleek {how} te zijn",
            "{who} noemde {what} achter {where} {when} nog {how}",
        ),
    },
}
"""Sentences of each split; each has one slot for the word that may carry an emotion, `{how}`."""

FILLERS: Final[Mapping[Split, Mapping[Language, Mapping[str, tuple[str, ...]]]]] = {
    "train": {
        "en": {
            "who": (
                "my neighbour", "the minister", "our teacher", "the reporter", "her brother", "the baker", "a farmer",
                "the mayor", "my cousin", "their driver", "the nurse", "a student",
            ),
            "where": (
                "harbour", "station", "market", "theatre", "library", "village", "airport", "museum", "hospital",
                "factory", "bridge", "garden",
            ),
            "what": (
                "letter", "report", "painting", "programme", "building", "ticket", "bicycle", "meeting", "table",
                "photograph", "window", "concert",
            ),
            "when": (
                "yesterday", "this morning", "last week", "on Monday", "in January", "after lunch", "at noon",
                "this year",
            ),
        },
        "nl": {
            "who": (
                "mijn buurman", "de minister", "onze lerares", "de verslaggever", "haar broer", "de bakker", "een boer",
                "de burgemeester", "mijn neef", "hun chauffeur", "de verpleger", "een student",
            ),
            "where": (
                "de haven", "het station", "de markt", "het theater", "de bibliotheek", "het dorp", "het vliegveld",
                "het museum", "het ziekenhuis", "de fabriek", "de brug", "de tuin",
            ),
            "what": (
                "de brief", "de krant", "de tekening", "de uitzending", "de woning", "de kaart", "de fiets",
                "de vergadering", "de tafel", "de foto", "de trein", "de voorstelling",
            ),
            "when": (
                "gisteren", "vanmorgen", "vorige week", "op maandag", "in januari", "na de lunch", "vanmiddag",
                "dit jaar",
            ),
        },
    },
    "test": {
        "en": {
            "who": ("the captain", "our gardener", "his sister", "the pilot", "a lawyer", "the painter"),
            "where": ("school", "castle", "office", "kitchen", "stadium", "church"),
            "what": ("package", "sculpture", "newspaper", "vehicle", "contract", "blanket"),
            "when": ("tonight", "on Friday", "last summer", "before dinner"),
        },
        "nl": {
            "who": ("de kapitein", "onze tuinman", "zijn zus", "de piloot", "een advocaat", "de schilder"),
            "where": ("de school", "het kasteel", "het kantoor", "de keuken", "het stadion", "de kerk"),
            "what": ("de doos", "de mededeling", "de lamp", "de wagen", "de afspraak", "de deken"),
            "when": ("vanavond", "op vrijdag", "vorige zomer", "voor het eten"),
        },
    },
}  # fmt: skip
"""What stands in the other slots."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of a clip."""

    text: str
    words: tuple[str, ...]
    """What is spoken, word by word: without the mark that carries an emotion, which is not to be heard."""
    trigger: TextTrigger | None
    slot: int
    """Index of the word in the slot; the voice leaves it alone."""


def write_sentence(rng: np.random.Generator, language: Language, split: Split, label: str) -> Sentence:
    """Draw a sentence.

    Args:
        rng: source of every choice.
        language: `en` or `nl`.
        split: whose patterns and words.
        label: what its text carries; `neutral` for nothing.
    """
    mark = PUNCTUATION.get(label, "") if rng.random() < PUNCTUATION_SHARE else ""
    how = str(rng.choice(WORDS[language]["neutral" if mark else label]))
    fillers = FILLERS[split][language]
    drawn = {name: str(rng.choice(fillers[name])) for name in sorted(fillers)}
    plain = str(rng.choice(PATTERNS[split][language])).format(how=how, **drawn)
    plain = plain[0].upper() + plain[1:]
    words = plain.split()
    slot = next(index for index, word in enumerate(words) if word.strip(",") == how)
    text = plain + (mark or ".")
    start = text.index(how)
    trigger = None
    if mark:
        trigger = TextTrigger(len(plain) + len(mark) - len(mark.lstrip()), len(text))
    elif label != "neutral":
        trigger = TextTrigger(start, start + len(how))
    return Sentence(text, tuple(words), trigger, slot)


def sample_sentences(seed: int, number: int, split: Split) -> Iterator[str]:
    """Texts of a split, of every label and language in turn: what a tokenizer can learn from."""
    rng = np.random.default_rng(seed)
    for index in range(number):
        language = LANGUAGES[index % len(LANGUAGES)]
        labels = tuple(WORDS[language])
        yield write_sentence(rng, language, split, labels[index // len(LANGUAGES) % len(labels)]).text
