"""From logits to values, and which head a checkpoint of the original has."""

import argparse
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import expit

from sseft.checkpoint import HEAD, head_of, load_sseft, read_checkpoint
from sseft.config import LABELS, MELD_LABELS, headed
from sseft.heads import HEAD_KINDS, check_head, label_at, values_of
from sseft.model import SSEFT
from sseft.pickles import CheckpointError
from sseft.presets import tiny
from sseft.saved import load_model, save_model
from sseft.untrained import untrained

FLAGS = (
    "regression_target",
    "regression_target_mos",
    "binary_target_iemocap",
    "softmax_target_meld",
    "softmax_target_binary_meld",
)
EMOTIONS = ("neutral", "sadness", "anger", "happiness")
LOGITS = {"softmax": 7, "score": 1, "binary": 8}


def random_logits(*shape):
    return np.random.default_rng(0).normal(scale=3, size=shape).astype(np.float32)


# Values


def test_softmax_values_are_the_share_of_each_exponential():
    values = values_of(np.log(np.array([[1, 2, 5], [3, 3, 6]], np.float32)), "softmax")
    np.testing.assert_allclose(values, [[1 / 8, 2 / 8, 5 / 8], [1 / 4, 1 / 4, 1 / 2]], rtol=1e-6)


def test_a_score_is_its_logit_whatever_its_size_and_sign():
    logits = np.array([[-2.75], [0.0], [3.5], [1e6]], np.float32)
    np.testing.assert_array_equal(values_of(logits, "score"), logits)


def test_a_binary_value_is_the_sigmoid_of_yes_minus_no():
    logits = random_logits(2, 3, 8)
    no, yes = logits[..., 0::2].astype(float), logits[..., 1::2].astype(float)
    np.testing.assert_allclose(values_of(logits, "binary"), expit(yes - no), rtol=1e-12)


def test_a_binary_head_says_yes_where_the_original_does():
    logits = random_logits(50, 8)
    # As the original's loss reads them: (no, yes) of each emotion, flattened over the batch.
    expected = torch.from_numpy(logits).view(-1, 2).max(dim=1)[1].view(50, 4)
    assert 0 < expected.sum() < 200
    np.testing.assert_array_equal(values_of(logits, "binary") > 1 / 2, expected == 1)


def test_the_emotions_of_a_binary_head_are_judged_one_by_one():
    logits = random_logits(8)
    changed = logits.copy()
    changed[2:4] += [5, -5]
    before, after = values_of(logits, "binary"), values_of(changed, "binary")
    np.testing.assert_array_equal(np.flatnonzero(before != after), [1])
    both = values_of(np.array([-9, 9, -9, 9], np.float32), "binary")
    assert both.sum() == pytest.approx(2)


@pytest.mark.parametrize("head", HEAD_KINDS)
def test_values_keep_the_axes_of_the_grid_and_are_float64(head):
    values = values_of(random_logits(4, 1, 3, LOGITS[head]), head)
    assert values.shape == (4, 1, 3, len(LABELS[head]))
    assert values.dtype == np.float64
    alone = values_of(random_logits(4, 1, 3, LOGITS[head])[2, 0, 1], head)
    np.testing.assert_array_equal(values[2, 0, 1], alone)


@pytest.mark.parametrize("head", ["softmax", "binary"])
def test_probabilities_survive_large_logits(head):
    with np.errstate(all="raise", under="ignore"):
        values = values_of(np.array([1e5, -1e5, 3e4, 0], np.float32), head)
    assert np.isfinite(values).all()
    np.testing.assert_array_equal(values, [1, 0, 0, 0] if head == "softmax" else [0, 0])


def test_logits_are_left_as_they_were():
    for head in HEAD_KINDS:
        logits = random_logits(5, LOGITS[head])
        values_of(logits, head)[:] = 0
        np.testing.assert_array_equal(logits, random_logits(5, LOGITS[head]))


# Heads and labels


@pytest.mark.parametrize(
    ("head", "labels", "message"),
    [
        ("sigmoid", "ab", "the head is 'sigmoid'; choose one of softmax, score, binary"),
        ("score", "ab", "one label, not the 2 of"),
        ("score", "", "one label, not the 0 of"),
        ("softmax", "a", "two labels or more, not .*is it a score head"),
        ("binary", "", "a binary head has no labels"),
    ],
)
def test_labels_that_a_head_cant_have_are_refused(head, labels, message):
    with pytest.raises(ValueError, match=message):
        check_head(head, tuple(labels))
    with pytest.raises(ValueError, match=message):
        replace(tiny(), head=head, labels=tuple(labels))


def test_one_question_may_be_asked_alone():
    check_head("binary", ("laughter",))


@pytest.mark.parametrize("head", HEAD_KINDS)
def test_a_model_gives_the_logits_that_its_head_needs(head):
    config = headed(tiny(), head, None)
    assert config.labels == LABELS[head]
    model = SSEFT(config)
    assert model({m: torch.ones(2, 3, config.dim(m)) for m in config.modalities}).shape == (2, 2, 2, LOGITS[head])


def test_another_head_brings_its_labels_and_the_same_keeps_them():
    named = replace(tiny(), labels=("calm", "loud"))
    assert headed(named, None, None) == headed(named, "softmax", None) == named
    assert headed(named, "binary", None).labels == EMOTIONS
    assert headed(named, "binary", ("a",)).labels == ("a",)
    assert headed(headed(named, "score", ("arousal",)), None, None).labels == ("arousal",)


@pytest.mark.parametrize("head", HEAD_KINDS)
def test_a_saved_model_keeps_its_head(tmp_path, head):
    config = headed(tiny(), head, None)
    save_model(untrained(config, 0), tmp_path / "model.pt")
    assert load_model(tmp_path / "model.pt").config == config


def test_a_model_saved_without_a_head_has_a_softmax(tmp_path):
    path = tmp_path / "model.pt"
    save_model(untrained(tiny(), 0), path)
    found = torch.load(path, weights_only=True)
    del found["config"]["head"]
    torch.save(found, path)
    assert load_model(path).config == tiny()


def test_values_need_no_torch():
    code = "import sys; sys.modules['torch'] = None; import sseft.heads, sseft.config"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  # our own code


# Checkpoints of the original


@pytest.fixture
def checkpoint(reference, tmp_path):
    """The original's checkpoint with other flags and another number of logits."""

    def write(*flags, num_classes=7):
        args, weights = read_checkpoint(reference / "tiny_all.pt")
        weights = dict(weights)
        for part in ("weight", "bias"):
            key = f"{HEAD}out_proj.{part}"
            rows = math.ceil(num_classes / 7)
            weights[key] = torch.cat([weights[key]] * rows)[:num_classes].clone()
        known = vars(args) | {flag: flag in flags for flag in FLAGS} | {"num_classes": num_classes}
        path = tmp_path / "checkpoint.pt"
        torch.save({"args": argparse.Namespace(**known), "model": weights}, path)
        return path

    return write


@pytest.mark.parametrize(
    ("flags", "num_classes", "head"),
    [
        (["regression_target_mos"], 1, "score"),
        (["regression_target"], 1, "score"),
        (["binary_target_iemocap"], 8, "binary"),
        (["softmax_target_meld"], 7, "softmax"),
        (["softmax_target_binary_meld"], 7, "softmax"),
        ([], 1, "score"),
        ([], 7, "softmax"),
        ([], 8, "softmax"),
        # In the order of the branches of the original's loss.
        (["regression_target_mos", "softmax_target_meld"], 1, "score"),
        (["regression_target", "softmax_target_meld"], 7, "softmax"),
    ],
)
def test_the_flags_name_the_head(flags, num_classes, head):
    args = argparse.Namespace(num_classes=num_classes, **{flag: flag in flags for flag in FLAGS})
    assert head_of(args) == head


def test_flags_that_an_older_file_lacks_arent_set():
    assert head_of(argparse.Namespace(num_classes=1)) == "score"
    assert head_of(argparse.Namespace(num_classes=8, binary_target_iemocap=True)) == "binary"


@pytest.mark.parametrize(
    ("flag", "num_classes", "head", "labels"),
    [
        ("regression_target_mos", 1, "score", ("sentiment",)),
        ("binary_target_iemocap", 8, "binary", EMOTIONS),
        ("softmax_target_meld", 7, "softmax", MELD_LABELS),
    ],
)
def test_a_checkpoint_is_loaded_with_its_head_and_its_labels(checkpoint, flag, num_classes, head, labels):
    path = checkpoint(flag, num_classes=num_classes)
    model = load_sseft(path)
    assert (model.config.head, model.config.labels) == (head, labels)
    _, weights = read_checkpoint(path)
    assert torch.equal(model.head.out_proj.weight, weights[f"{HEAD}out_proj.weight"])


def test_the_head_and_the_labels_can_be_named(checkpoint):
    path = checkpoint("softmax_target_meld", num_classes=8)
    binary = load_sseft(path, text_heads=4, head="binary").config
    assert (binary.head, binary.labels) == ("binary", EMOTIONS)
    softmax = load_sseft(path, text_heads=4, labels=tuple("abcdefgh")).config
    assert (softmax.head, softmax.labels) == ("softmax", tuple("abcdefgh"))
    score = load_sseft(checkpoint("regression_target_mos", num_classes=1), text_heads=4, labels=("arousal",)).config
    assert (score.head, score.labels) == ("score", ("arousal",))


@pytest.mark.parametrize(
    ("flag", "num_classes", "given", "message"),
    [
        ("softmax_target_meld", 7, {"head": "binary"}, "7 classes .* binary head of 4 labels needs 8 logits"),
        ("binary_target_iemocap", 8, {"labels": tuple("abc")}, "8 classes .* binary head of 3 labels needs 6 logits"),
        ("binary_target_iemocap", 7, {}, "7 classes .* binary head of 4 labels needs 8 logits"),
        ("regression_target_mos", 7, {}, "7 classes .* score head of 1 labels needs 1 logits"),
        ("softmax_target_binary_meld", 1, {}, "1 classes .* softmax head of 7 labels needs 7 logits"),
        ("softmax_target_binary_meld", 1, {"labels": ("a",)}, "softmax head has two labels or more"),
        ("regression_target_mos", 1, {"labels": ("a", "b")}, "score head has one label, not the 2 of"),
    ],
)
def test_logits_that_dont_suit_the_head_are_refused_with_both_counts(checkpoint, flag, num_classes, given, message):
    path = checkpoint(flag, num_classes=num_classes)
    with pytest.raises(CheckpointError, match=rf"checkpoint\.pt .*{message}"):
        load_sseft(path, text_heads=4, **given)


@pytest.mark.parametrize(
    ("label", "labels", "head", "name"),
    [
        ("3", MELD_LABELS, "softmax", "joy"),
        ("3", EMOTIONS, "binary", "happiness"),
        ("3", ("sentiment",), "score", "3"),
        ("7", MELD_LABELS, "softmax", "7"),
        ("joy", MELD_LABELS, "softmax", "joy"),
        ("1", ("1", "0"), "softmax", "1"),
        ("-1", MELD_LABELS, "softmax", "-1"),
        ("²", MELD_LABELS, "softmax", "²"),
    ],
)
def test_a_label_may_be_its_place(label, labels, head, name):
    assert label_at(label, labels, head) == name
