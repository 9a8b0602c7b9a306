import pytest

from batcher.collection import CollectionError, read_collection

CSV = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
    '1,"It\u0092s me, Ross",Ross,joy,positive,0,0,4,7,"00:20:57,256","0:00:00,000"\n'
    "2,What?,Monica,surprise,negative,x,1,4,7,,\n"
)


@pytest.fixture
def meld(tmp_path):
    (tmp_path / "train_sent_emo.csv").write_text(CSV)
    for split in ("train_splits", "dev_splits_complete"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "dia0_utt0.mp4").touch()
    return tmp_path


@pytest.mark.parametrize("name", ["", "train_sent_emo.csv"])
def test_a_row_is_its_clip(meld, name):
    bad = []
    (segment,) = read_collection(meld / name, bad.append)
    assert (segment.segment_id, segment.media) == ("dia0_utt0", "train_splits/dia0_utt0.mp4")
    assert (segment.start_ms, segment.end_ms) == (0.0, None)
    assert (segment.text, segment.label) == ("It’s me, Ross", "joy")  # noqa: RUF001
    assert segment.extra["StartTime"] == "00:20:57,256"
    assert segment.extra.keys() == {
        *("Sr No.", "Speaker", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode", "StartTime", "EndTime")
    }
    assert [row.problem for row in bad] == ["has Dialogue_ID 'x' and Utterance_ID '1'; give whole numbers"]


def test_splits_in_one_folder_are_ambiguous(meld):
    (meld / "dev_sent_emo.csv").write_text(CSV)
    with pytest.raises(CollectionError, match="number their dialogues alike; give one of them"):
        list(read_collection(meld))


def test_clips_that_are_nowhere_are_an_error(tmp_path):
    (tmp_path / "test.csv").write_text(CSV)
    with pytest.raises(CollectionError, match="is MELD's, and no folder in"):
        list(read_collection(tmp_path / "test.csv"))
