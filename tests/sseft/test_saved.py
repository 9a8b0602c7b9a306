import os
import pickle
from dataclasses import replace

import pytest
import torch

from sseft.config import Wav2Vec2Config
from sseft.pickles import CheckpointError
from sseft.presets import tiny
from sseft.saved import is_saved, load_model, save_model
from sseft.untrained import untrained


class Payload:
    """Makes a file, in whoever unpickles it."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.fixture(scope="module")
def model():
    return untrained(replace(tiny(), labels=("calm", "loud", "odd")), 0)


@pytest.fixture
def saved(model, tmp_path):
    path = tmp_path / "model.pt"
    save_model(model, path)
    return path


@pytest.fixture
def change(saved):
    """Writes the file again with something in it changed."""

    def run(changing):
        found = torch.load(saved, weights_only=True)
        changing(found)
        torch.save(found, saved)
        return saved

    return run


def logits_of(model):
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(2, 3, 256, 256, generator=generator)
    encoded = {
        "text": lambda: model.encode_text(torch.tensor([[0, 5, 6, 2]])),
        "audio": lambda: model.encode_audio(torch.randn(1, 2000, generator=generator)),
        "video": lambda: model.encode_video(model.frame_features(pictures)[None]),
    }
    return model({m: encoded[m]() for m in model.config.modalities})


def test_a_model_that_hears_by_wav2vec2_is_read_as_it_was(tmp_path):
    audio = Wav2Vec2Config(24, 40, 1, 2, channels=(12,) * 7, position_kernel=16, position_groups=2, normalised=False)
    model = untrained(replace(tiny(), audio=audio), 0)
    save_model(model, tmp_path / "model.pt")
    read = load_model(tmp_path / "model.pt")
    assert read.config == model.config
    assert torch.equal(logits_of(read), logits_of(model))


@pytest.mark.parametrize("modalities", [("text", "audio", "video"), ("audio", "video"), ("text",)], ids="+".join)
def test_a_model_comes_back_as_it_was_in_eval_mode(tmp_path, modalities):
    config = replace(tiny(), modalities=modalities, labels=("calm", "loud", "odd"))
    model = untrained(config, 1).train()
    save_model(model, tmp_path / "model.pt")
    assert is_saved(tmp_path / "model.pt")
    found = load_model(tmp_path / "model.pt")
    assert found.config == config
    assert not any(module.training for module in found.modules())
    assert torch.equal(logits_of(found), logits_of(model.eval()))


def test_a_model_from_before_trailing_newlines_is_one_without_them(change):
    found = load_model(change(lambda found: found["config"]["text"].pop("trailing_newline")))
    assert found.config.text.trailing_newline is False
    assert found.config.tokens.trailing_newline is False


@pytest.mark.parametrize("content", [b"", b"hello world\n", b"PK\x03\x04" + bytes(100)])
def test_other_files_are_none_of_ours(tmp_path, content):
    (tmp_path / "other.pt").write_bytes(content)
    assert not is_saved(tmp_path / "other.pt")


def test_missing_files_folders_and_checkpoints_of_others_are_none_of_ours(tmp_path, reference):
    assert not is_saved(tmp_path / "missing.pt")
    assert not is_saved(tmp_path)
    assert (reference / "tiny_all.pt").is_file()
    assert not is_saved(reference / "tiny_all.pt")
    torch.save([torch.zeros(3)], tmp_path / "list.pt")
    assert not is_saved(tmp_path / "list.pt")


def test_another_format_or_a_truncated_file_is_none_of_ours(saved, change):
    content = saved.read_bytes()
    assert not is_saved(change(lambda found: found.update(format="mmexplain.sseft.2")))
    saved.write_bytes(content)
    assert is_saved(saved)
    saved.write_bytes(content[: len(content) // 2])
    assert not is_saved(saved)


@pytest.mark.parametrize(
    ("changing", "named"),
    [
        (lambda found: found["model"].pop("head.dense.weight"), "head.dense.weight"),
        (lambda found: found["model"].update(more=torch.zeros(1)), "more"),
        (lambda found: found["model"].update({"head.dense.bias": torch.zeros(2)}), "size mismatch for head.dense.bias"),
        (lambda found: found.pop("model"), "model"),
        (lambda found: found.update(model=[1]), "model"),
        (lambda found: found.pop("config"), "config"),
        (lambda found: found["config"].pop("audio"), "audio"),
        (lambda found: found["config"]["text"].pop("dim"), "dim"),
        (lambda found: found["config"]["text"].update(width=3), "width"),
        (lambda found: found["config"].update(modalities=("smell",)), "smell"),
        (lambda found: found["config"]["fusion"].update(heads=3), "3 attention heads"),
        (lambda found: found["config"].update(text=None), "TextConfig"),
        (lambda found: found.update(config=[1, 2]), "damaged"),
    ],
)
def test_a_damaged_file_is_refused_by_its_name_and_what_it_lacks(change, changing, named):
    path = change(changing)
    assert is_saved(path)
    with pytest.raises(CheckpointError, match=r"model\.pt is damaged or of another version: ") as error:
        load_model(path)
    assert "train it again" in str(error.value)
    assert named in str(error.value)


@pytest.mark.parametrize("where", ["format", "config", "model", "more"])
def test_a_pickle_that_calls_something_calls_nothing(tmp_path, saved, where):
    marker = tmp_path / "executed"
    torch.save(torch.load(saved, weights_only=True) | {where: Payload(marker)}, saved)
    torch.load(saved, weights_only=False)
    assert marker.exists(), "the payload must be a live one"
    marker.unlink()
    assert not is_saved(saved)
    with pytest.raises(pickle.UnpicklingError):
        load_model(saved)
    assert not marker.exists()
