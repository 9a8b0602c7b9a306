"""The gate between PyTorch and an artefact."""

import re
import shutil
from copy import deepcopy
from dataclasses import replace

import onnx
import pytest
from onnx import numpy_helper

from export.artefact import load_artefact
from export.parity import TOLERANCE, ParityError, measure_parity
from sseft.model import SSEFT
from sseft.presets import tiny
from sseft.untrained import untrained


@pytest.fixture
def copied(demo, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(demo, folder)
    return folder


def add_to_weight(path, shape, amount):
    """Add to one number of the first weight of this shape."""
    graph = onnx.load(path)
    weight = next(w for w in graph.graph.initializer if tuple(w.dims) == shape)
    values = numpy_helper.to_array(weight).copy()
    values.flat[0] += amount
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    onnx.save(graph, path)


def test_the_shipped_graphs_compute_the_shipped_model(demo, demo_model):
    parity = measure_parity(demo_model, demo)
    assert parity <= TOLERANCE / 2
    assert parity == pytest.approx(load_artefact(demo).parity, abs=5e-6)


def test_another_model_s_graphs_are_refused(demo):
    with pytest.raises(ParityError, match=r"lengths .* sub-masks .*no artefact was written"):
        measure_parity(untrained(tiny(), 1), demo)


@pytest.mark.parametrize(("name", "shape"), [("head", (7,)), ("pairs_text_video", (64,)), ("video_encoder", (16,))])
def test_one_changed_weight_is_refused(copied, demo_model, name, shape):
    add_to_weight(copied / f"{name}.onnx", shape, 0.1)
    with pytest.raises(ParityError) as error:
        measure_parity(demo_model, copied)
    difference = float(re.search(r"by (\S+), more than", str(error.value))[1])
    assert difference > TOLERANCE


@pytest.mark.parametrize("nan_in", ["graphs", "PyTorch"])
def test_logits_that_are_no_numbers_are_refused(copied, demo_model, nan_in):
    model = deepcopy(demo_model)
    if nan_in == "graphs":
        add_to_weight(copied / "head.onnx", (7,), float("nan"))
    else:
        model.head.out_proj.bias.data[0] = float("nan")
    with pytest.raises(ParityError, match="nan"):
        measure_parity(model, copied)


def test_masks_inside_the_graphs_are_checked_too(demo, demo_model):
    """The same weights, masked by another token."""
    config = demo_model.config
    other = SSEFT(replace(config, text=replace(config.text, mask_id=998))).eval()
    other.load_state_dict(demo_model.state_dict())
    with pytest.raises(ParityError, match=r"lengths \(1, 1, 1\), sub-masks \(0, "):
        measure_parity(other, demo)
