import numpy as np
import pytest

from report.questions.attended import attention_shares
from sseft.attention import ClipAttention


def test_what_falls_on_marks_belongs_to_nobody(clip):
    length = len(clip.text.ids)
    text = np.full(length, 0.1)
    text[[0, -1]] = 100.0
    others = {"text": text, "audio": np.array([0.2, 0.2]), "video": np.array([0.6])}
    shares = attention_shares(ClipAttention({}, others, np.zeros(7)), clip)
    words = 0.1 * (length - 2)
    assert shares == pytest.approx(
        {m: mass / (words + 1) for m, mass in (("text", words), ("audio", 0.4), ("video", 0.6))}
    )
