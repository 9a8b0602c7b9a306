import pytest

from batcher.collection import CollectionError, read_collection

CLIPS = ("dia0_utt0", "dia0_utt1")


@pytest.fixture
def table(tmp_path):
    """The original's lists as they lie on another machine than the one that wrote them."""
    for kind, suffix in (("t", "txt"), ("v", "mp4"), ("a", "pt")):
        folder = tmp_path / f"test_{kind}"
        folder.mkdir()
        names = [f"{clip}.{suffix}" for clip in CLIPS]
        (tmp_path / f"test_{kind}.tsv").write_text("\n".join([f"/gone/test_{kind}", *names]) + "\n")
    for i, clip in enumerate(CLIPS):
        (tmp_path / "test_t" / f"{clip}.txt").write_text(f"0\t{31414 + i}\t50118\t2")
    labels = tmp_path / "label_file_test.csv"
    labels.write_text("file,label\ndia0_utt1,4\ndia0_utt0,0\n")
    return labels


def test_a_line_is_a_segment_with_its_tokens_and_its_label_by_name(table):
    first, second = read_collection(table)
    assert (first.segment_id, first.path) == ("dia0_utt0", table.parent / "test_v" / "dia0_utt0.mp4")
    assert (first.token_ids, first.label, first.text) == ((0, 31414, 50118, 2), "0", None)
    assert (second.segment_id, second.token_ids, second.label) == ("dia0_utt1", (0, 31415, 50118, 2), "4")


def test_a_root_that_is_there_is_taken(table, tmp_path):
    elsewhere = tmp_path / "videos"
    elsewhere.mkdir()
    (tmp_path / "test_v.tsv").write_text("\n".join([str(elsewhere), *(f"{clip}.mp4\t1024" for clip in CLIPS)]))
    assert [segment.path for segment in read_collection(table)] == [elsewhere / f"{clip}.mp4" for clip in CLIPS]


def test_words_alone_need_no_videos(table, tmp_path):
    (tmp_path / "test_v.tsv").unlink()
    assert [s.segment_id for s in read_collection(table, needs_media=False)] == list(CLIPS)
    with pytest.raises(CollectionError, match=r"test_v\.tsv is no file; put the list of the videos there"):
        list(read_collection(table))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["root", "dia0_utt0.mp4"], "name 1 and 2 files; they are aligned by their lines"),
        (["root", "dia0_utt1.mp4", "dia0_utt0.mp4"], r"line 2 .* names dia0_utt1\.mp4 and dia0_utt0\.txt"),
        (["root", "", "dia0_utt1.mp4"], "line 2, is empty"),
        ([], "is empty; give the folder of its files"),
    ],
)
def test_lists_that_are_not_of_the_same_clips_are_an_error(table, tmp_path, lines, message):
    (tmp_path / "test_v.tsv").write_text("\n".join(lines))
    with pytest.raises(CollectionError, match=message):
        list(read_collection(table))


def test_what_describes_no_segment_is_a_bad_row(table, tmp_path):
    table.write_text("file,label\ndia0_utt0,0\n")
    (tmp_path / "test_t" / "dia0_utt0.txt").write_text("0\tword\t2")
    bad = []
    assert list(read_collection(table, bad.append)) == []
    assert [row.place.rpartition("/")[2] for row in bad] == ["test_v.tsv, line 2,", "test_v.tsv, line 3,"]
    assert "tokens that can't be read: invalid literal for int() with base 10: 'word'" in bad[0].problem
    assert bad[1].problem == "names dia0_utt1.mp4, which label_file_test.csv has no label of"


def test_two_labels_of_one_clip_are_a_bad_row(table):
    table.write_text("file,label\ndia0_utt0,0\ndia0_utt0,3\ndia0_utt1,1\n")
    with pytest.raises(CollectionError, match="line 3, gives dia0_utt0 another label; give each clip one"):
        list(read_collection(table))


def test_a_label_file_without_labels_is_an_error(table):
    table.write_text("file\n")
    with pytest.raises(CollectionError, match="give names and labels, below a header"):
        list(read_collection(table))
