"""Words and ids of tokens as no transcript should have them; all with the same whole sound."""

from functools import partial

from tests.bad.case import Case, LeftOut, Refused, by, file
from tests.bad.damaged import whole

BOTH = by("text", "audio")
WORDLESS = by("audio")
TEXTS = {
    "right to left": ("שלום עולם مرحبا", BOTH),
    "marks that combine": ("e" + "\u0301" * 50, BOTH),
    "a family of four": ("👩\u200d👩\u200d👧\u200d👦 👍🏽", BOTH),
    "NUL": ("a\0b", BOTH),
    "control characters": ("".join(map(chr, range(1, 32))) + "a", BOTH),
    "bidirectional overrides": ("\u202eabc\u202c", BOTH),
    "a byte order mark": ("\ufeffhello", BOTH),
    "a private use character": ("\ue000 \U0010ffff", BOTH),
    "noncharacters": ("\ufffe\uffff", BOTH),
    "Chinese": ("你好世界", BOTH),
    "letters of mathematics": ("\U0001d573\U0001d58a\U0001d591", BOTH),
    "the tokens' own names": ("<s> <mask> </s> <pad> <unk>", BOTH),
    "a formula": ("=cmd|' /C calc'!A0", BOTH),
    "HTML": ("<script>alert(1)</script>", BOTH),
    "SQL": ("'; DROP TABLE segments; --", BOTH),
    "a format": ("{0.__class__} %s %n", BOTH),
    "JSON": ('{"a": [1, null]}', BOTH),
    "one letter": ("a", BOTH),
    "a full stop": (".", BOTH),
    "nothing": ("", WORDLESS),
    "spaces": ("     ", WORDLESS),
    "lines": ("\n\r\n\u2028\u2029", WORDLESS),
    "odd spaces": ("\u00a0\u2003\u3000", WORDLESS),
    "spaces of no width": ("\u200b\u200d", BOTH),
    "10,000 words": ("word " * 10_000, by("text", "audio", cut=True)),
    "a word of 100,000 letters": ("x" * 100_000, by("text", "audio", cut=True)),
    "a number": (12.5, BOTH),
    "true": (True, LeftOut("give a text")),
}
FOREIGN = Refused("isn't in the model's vocabulary")
IDS = {
    "known ids": ([5, 6, 7], BOTH),
    "a string of ids": ("5 6\t7", BOTH),
    "no ids": ([], WORDLESS),
    "marks alone": ([0, 2], WORDLESS),
    "padding alone": ([1, 1, 1], WORDLESS),
    "padding between": ([5, 1, 6], BOTH),
    "two beginnings": ([0, 0, 5, 2, 2], BOTH),
    "an id below 0": ([5, -1], FOREIGN),
    "an id past the vocabulary": ([5, 1_000_000], FOREIGN),
    "an id of 70 bits": ([5, 1 << 70], FOREIGN),
    "5,000 ids": ([5] * 5000, by("text", "audio", cut=True)),
}
ODD_TIMES = [{"word": "a", "start_ms": 1e308, "end_ms": -5}, {"word": "", "start_ms": 0, "end_ms": 0}]
COLUMNS = {
    "words of odd times": {"text": "a", "words": ODD_TIMES},
    "an unknown label": {"text": "a", "label": "hunger"},
    "a column in capitals": {"text": "a", "Text": "b", "SEGMENT_ID": "c", "Start_ms": "soon"},
    "a column named like a result's": {"text": "a", "phi": "1", "status": "failed", "error": "none", "players_text": 9},
    "a column without a name": {"text": "a", " ": "b"},
    "a column of lists": {"text": "a", "speakers": [{"name": None}, [1, 2]]},
    "a language of no country": {"text": "a", "language": "xx-Klingon"},
}


def said(**columns):
    return file("x.wav", partial(whole, "wav"), end_ms=200, **columns)


CASES = [
    *(Case(f"a text of {name}", said(text=text), becomes) for name, (text, becomes) in TEXTS.items()),
    *(Case(f"token ids: {name}", said(token_ids=ids), becomes) for name, (ids, becomes) in IDS.items()),
    *(Case(name, said(**columns), BOTH) for name, columns in COLUMNS.items()),
]
