import subprocess
import sys

import numpy as np
import pytest

from media import MediaError, TextTokens, decode_clip, from_ids

TOKENS = TextTokens(bos_id=0, eos_id=2, pad_id=1, mask_id=9, vocab_size=10)


@pytest.fixture
def words():
    return from_ids([5, 6], TOKENS, 512)


@pytest.fixture
def wave():
    return (np.arange(48_000)[None] % 1000).astype(np.int16)


def test_a_clip_has_the_modalities_of_its_media(tmp_path, write_media, preprocessing, words, wave):
    both = write_media(tmp_path / "b.mkv", frames=25, wave=wave)
    clip = decode_clip(both, text=words, start_ms=200.0, end_ms=800.0, preprocessing=preprocessing)
    assert clip.text is words
    assert (len(clip.sound.wave), len(clip.video.frames)) == (9600, 15)
    assert (clip.start_ms, clip.end_ms, clip.cut) == (200.0, 800.0, False)

    silent = decode_clip(write_media(tmp_path / "v.mp4", frames=25), preprocessing=preprocessing)
    assert silent.sound is None
    assert silent.video is not None

    blind = decode_clip(write_media(tmp_path / "s.flac", wave=wave), preprocessing=preprocessing)
    assert blind.video is None
    assert blind.sound is not None


def test_a_damaged_picture_leaves_the_sound_and_says_so(tmp_path, write_media, preprocessing, words, wave):
    path = write_media(tmp_path / "v.mov", frames=5, wave=wave, codecs=("png", "pcm_s16le"), options={"pred": "none"})
    content = path.read_bytes()
    path.write_bytes(content.replace(b"IDAT", b"\0DAT").replace(b"IHDR", b"\0HDR"))
    clip = decode_clip(path, text=words, preprocessing=preprocessing)
    assert clip.video is None
    assert clip.sound is not None
    assert clip.damaged
    assert clip.cut


def test_what_the_model_doesnt_see_isnt_decoded(tmp_path, write_media, preprocessing, words, wave):
    path = write_media(tmp_path / "b.mkv", frames=400, wave=wave)
    assert decode_clip(path, text=words, preprocessing=preprocessing).cut
    clip = decode_clip(path, text=words, modalities=("text", "audio"), preprocessing=preprocessing)
    assert (clip.video, clip.cut) == (None, False)


def test_no_end_means_the_real_end_of_the_media(tmp_path, write_media, preprocessing, wave):
    longer_picture = write_media(tmp_path / "b.mkv", frames=50, wave=wave)
    assert decode_clip(longer_picture, preprocessing=preprocessing).end_ms == pytest.approx(2000.0)
    long_sound = write_media(tmp_path / "s.flac", wave=np.tile(wave, 12))
    clip = decode_clip(long_sound, preprocessing=preprocessing)
    assert (clip.end_ms, clip.cut) == (12_000.0, True)


def test_an_end_past_the_media_s_is_moved_there(tmp_path, write_media, preprocessing, wave):
    path = write_media(tmp_path / "b.mkv", frames=25, wave=wave)
    clip = decode_clip(path, start_ms=500.0, end_ms=1700.0, preprocessing=preprocessing)
    assert clip.end_ms == pytest.approx(1000.0)
    assert not clip.cut


def test_a_start_past_the_end_names_both_times(tmp_path, write_media, preprocessing, words):
    path = write_media(tmp_path / "v.mp4", frames=25)
    with pytest.raises(MediaError, match=r"5000.* past the end of '.*v\.mp4', which lasts 1000 ms"):
        decode_clip(path, text=words, start_ms=5000.0, preprocessing=preprocessing)


@pytest.mark.parametrize(("start_ms", "end_ms"), [(2000.0, 1000.0), (500.0, 500.0), (-3.0, 5.0)])
def test_a_span_that_is_none_names_it(tmp_path, write_media, preprocessing, start_ms, end_ms):
    path = write_media(tmp_path / "v.mp4", frames=25)
    with pytest.raises(MediaError, match=f"{start_ms} ms to {end_ms} ms"):
        decode_clip(path, start_ms=start_ms, end_ms=end_ms, preprocessing=preprocessing)


def test_what_isn_t_media_is_refused_even_with_words(tmp_path, preprocessing, words):
    random = np.random.default_rng(0).bytes(20_000)
    for name, content in {
        "text.mp4": b"A transcript, renamed.\n" * 50,
        "notes.txt": b"A transcript.\n" * 50,
        "random.mp4": random,
        "empty.wav": b"",
        "list.m3u8": b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(MediaError, match=name):
            decode_clip(tmp_path / name, text=words, preprocessing=preprocessing)


def test_a_truncated_file_is_refused(tmp_path, write_media, preprocessing):
    path = write_media(tmp_path / "v.mp4", frames=25)
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(MediaError, match=r"v\.mp4"):
        decode_clip(path, preprocessing=preprocessing)


def test_a_missing_file_and_a_folder_are_named(tmp_path, preprocessing):
    with pytest.raises(MediaError, match=r"gone\.mp4' doesn't exist"):
        decode_clip(tmp_path / "gone.mp4", preprocessing=preprocessing)
    with pytest.raises(MediaError, match="is a folder"):
        decode_clip(tmp_path, preprocessing=preprocessing)


def test_a_name_with_a_colon_is_a_file_and_no_address(tmp_path, write_media, preprocessing, wave):
    path = write_media(tmp_path / "plain.flac", wave=wave).rename(tmp_path / "http:x.flac")
    assert decode_clip(path, preprocessing=preprocessing).sound is not None


def test_words_alone_are_a_clip_where_the_media_has_nothing_in_the_span(tmp_path, write_media, preprocessing, words):
    path = write_media(tmp_path / "v.mp4", frames=25)
    between_frames = {"start_ms": 41.0, "end_ms": 50.0, "preprocessing": preprocessing}
    clip = decode_clip(path, text=words, **between_frames)
    assert (clip.sound, clip.video, clip.end_ms) == (None, None, 50.0)
    with pytest.raises(MediaError, match="no text"):
        decode_clip(path, **between_frames)


def test_cut_words_make_the_clip_cut(tmp_path, write_media, preprocessing):
    path = write_media(tmp_path / "v.mp4", frames=25)
    text = from_ids([5, 6, 7, 8], TOKENS, 5)
    assert decode_clip(path, text=text, preprocessing=preprocessing).cut


def test_decoding_needs_no_torch_and_no_corpus_generator():
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['espeakng_loader'] = None; import media; "
        "assert 'media.planted' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  the code is ours


def test_real_clips_are_decoded_to_their_ends(real_clips, preprocessing):
    expected_ms = {
        "grid_swiz3n.mpg": 3000.0,
        "jfk.flac": 11_000.0,
        "bg_test_video.mp4": 10_000.0,
        "bg_whisper-test_nl.mp3": 18_134.8,
    }
    for name, end_ms in expected_ms.items():
        assert decode_clip(real_clips / name, preprocessing=preprocessing).end_ms == pytest.approx(end_ms, abs=1)
