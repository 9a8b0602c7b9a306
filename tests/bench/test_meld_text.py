import pytest

from bench.meld_text import SPLIT, measure
from sseft.config import MELD_LABELS

HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"


@pytest.fixture
def folder(tmp_path):
    """Three splits of eight utterances; half are neutral."""
    labels = [*MELD_LABELS[:4], *["neutral"] * 3, "joy"]
    for split in ("train", "dev", "test"):
        rows = (
            f'{i},Word {i} is {label},Ross,{label},neutral,0,{i},1,1,"00:00:01,000","00:00:02,000"\n'
            for i, label in enumerate(labels)
        )
        (tmp_path / SPLIT.format(split)).write_text(HEADER + "".join(rows))
    return tmp_path


def test_the_most_frequent_class_stands_beside_the_model(folder):
    report = measure(folder, epochs=1)
    rows = {row.figure: row for row in report.section("test split").rows}
    assert rows["accuracy of the most frequent class"].value == 0.5
    assert rows["accuracy"].low <= rows["accuracy"].value <= rows["accuracy"].high
    assert {"weighted F1", "macro F1"} <= set(rows)
