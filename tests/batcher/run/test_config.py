"""What a result depends on: a resume with any of it changed is refused, by its name."""

from dataclasses import fields, replace

import pytest

from batcher.options import Options
from batcher.run.config import ConfigError, RunConfig, check_folder, file_metadata, record_run

FIRST = RunConfig("a" * 64, Options(), "fp32", "onnxruntime", "cpu", 1)
CHANGED = {
    "artefact": "b" * 64,
    "precision": "fp16",
    "backend": "openvino",
    "device": "cuda",
    "threads": 2,
    "regions": "c" * 64,
    "masks": 64,
    "max_masks": 64,
    "estimator": "exact",
    "video_players": "time",
    "classes": "all",
    "seed": 1,
    "tolerance": 2.0,
    "grid_points": "all",
    "audio_players": "words",
    "text_players": "words",
}
"""Every key, with a value that isn't the one of before."""


def with_change(key):
    if key in {field.name for field in fields(Options)}:
        return replace(FIRST, options=replace(FIRST.options, **{key: CHANGED[key]}))
    return replace(FIRST, **{key: CHANGED[key]})


@pytest.fixture
def result_of(tmp_path, artefact):
    """A result of this configuration, as far as its `run.json` goes."""

    def recorded(config):
        record_run(tmp_path, file_metadata(config, artefact), tmp_path)
        return tmp_path

    return recorded


def test_every_key_is_tried():
    keys = [field.name for kind in (RunConfig, Options) for field in fields(kind) if field.name != "options"]
    assert sorted(keys) == sorted(CHANGED)
    assert all(with_change(key).digest != FIRST.digest for key in keys)


@pytest.mark.parametrize("key", CHANGED)
def test_a_key_that_differs_is_named_alone_with_both_values(result_of, artefact, key):
    folder = result_of(FIRST)
    before = FIRST.described().get(key, {"audio_players": "half-seconds", "text_players": "tokens"}.get(key))
    expected = f"another configuration: {key} was {before!r} and is {CHANGED[key]!r}. Rows"
    with pytest.raises(ConfigError) as refused:
        check_folder(folder, file_metadata(with_change(key), artefact))
    assert expected in str(refused.value)
    assert "choose another --out, or the same options" in str(refused.value)


@pytest.mark.parametrize("key", CHANGED)
def test_a_key_that_differs_is_named_the_other_way_round_too(result_of, artefact, key):
    folder = result_of(with_change(key))
    with pytest.raises(ConfigError, match=f"another configuration: {key} was .*{CHANGED[key]}.* and is "):
        check_folder(folder, file_metadata(FIRST, artefact))
    check_folder(folder, file_metadata(with_change(key), artefact))


def test_all_that_differ_are_named(result_of, artefact):
    folder = result_of(FIRST)
    other = replace(FIRST, threads=4, options=replace(FIRST.options, seed=7, classes="all"))
    with pytest.raises(ConfigError, match=r"classes was .*; seed was 0 and is 7; threads was 1 and is 4\. Rows"):
        check_folder(folder, file_metadata(other, artefact))
