import os
import signal

import pytest

from bench.hostile import __main__ as hostile
from bench.hostile.damage import DAMAGES, damaged
from bench.hostile.decoder import OUTCOMES, Decoder
from bench.hostile.sources import SOURCES, riff, tone
from media import Preprocessing, decode_clip

FILES = 3


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_seed_is_a_damage(damage):
    content = riff(tone(1600))
    one, again, other = (damaged(content, damage, seed) for seed in ("1", "1", "2"))
    assert one == again
    assert content != one != other


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_whole_and_the_same_again(name, tmp_path):
    source = SOURCES[name]
    path = source.write(tmp_path / f"x{source.suffix}")
    clip = decode_clip(path, preprocessing=Preprocessing())
    assert not clip.cut
    assert (clip.video is None, clip.sound is None) == (source.video is None, source.audio is None)
    again = source.content()
    assert again == path.read_bytes() or name == "fragmented"
    assert len(again) == path.stat().st_size


def test_every_file_has_its_outcome():
    report = hostile.measure(["wav"], files=FILES)
    rows = report.section("damaged files").rows
    assert [row.damage for row in rows] == list(DAMAGES)
    for row in rows:
        assert sum(getattr(row, outcome) for outcome in OUTCOMES) == FILES
    assert len(report.sections) == 1, "faults"


def test_a_file_that_takes_too_long_is_late_and_the_next_is_decoded(tmp_path):
    path = tmp_path / "x.wav"
    path.write_bytes(riff(tone(1600)))
    decoder = Decoder(limit_s=0.05)
    try:
        os.kill(decoder.process.pid, signal.SIGSTOP)
        assert decoder.outcome(path) == "late"
        decoder.limit_s = hostile.LIMIT_S
        assert decoder.outcome(path) == "whole"
        decoder.process.kill()
        decoder.process.join()
        assert decoder.outcome(path) in {"dead", "late"}
    finally:
        decoder.close()
