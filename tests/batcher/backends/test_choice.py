import sys
from dataclasses import replace

import pytest

import batcher.backends
from batcher.backends import BackendError
from batcher.backends.choice import BackendChoice, checked, open_backend
from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.backends.openvino import OpenVinoBackend


@pytest.mark.parametrize(
    ("choice", "kind"),
    [(None, OnnxRuntimeBackend), (BackendChoice(), OnnxRuntimeBackend), (BackendChoice("openvino"), OpenVinoBackend)],
)
def test_a_choice_opens_its_backend(model, artefact, choice, kind):
    backend = open_backend(model, choice)
    assert isinstance(backend, kind)
    assert (backend.folder, backend.artefact) == (model, artefact)


@pytest.mark.parametrize(
    ("name", "of_artefact", "asked", "precision"),
    [
        ("onnxruntime", "fp32", None, "fp32"),
        ("onnxruntime", "fp16", None, "fp16"),
        ("onnxruntime", "fp16", "fp16", "fp16"),
        ("openvino", "fp32", None, "fp32"),
        ("openvino", "fp32", "bf16", "bf16"),
    ],
)
def test_a_precision_is_what_is_asked_for_or_the_artefacts(artefact, name, of_artefact, asked, precision):
    resolved = BackendChoice(name, precision=asked).resolved(replace(artefact, precision=of_artefact))
    assert resolved == BackendChoice(name, precision=precision)


@pytest.mark.parametrize(
    ("choice", "of_artefact", "message"),
    [
        (
            BackendChoice(precision="bf16"),
            "fp32",
            "'bf16', and onnxruntime computes this artefact in fp32: leave --prec",
        ),
        (BackendChoice(precision="fp32"), "fp16", "'fp32', and onnxruntime computes this artefact in fp16"),
        (BackendChoice("openvino", precision="fp16"), "fp32", "'fp16', and openvino .* in fp32 or bf16"),
        (BackendChoice("openvino"), "fp16", "artefact's precision is 'fp16', and openvino takes fp32.*export it again"),
        (BackendChoice("openvino", "cuda"), "fp32", "device is 'cuda', and openvino runs on the CPU alone"),
    ],
)
def test_a_choice_that_doesnt_fit_is_refused(artefact, choice, of_artefact, message):
    with pytest.raises(ValueError, match=message):
        choice.resolved(replace(artefact, precision=of_artefact))


def test_nothing_is_opened_by_a_choice_that_doesnt_fit(model):
    with pytest.raises(ValueError, match="precision is 'bf16'"):
        open_backend(model, BackendChoice(precision="bf16"))


@pytest.mark.parametrize("use", [open_backend, checked])
def test_openvino_that_isnt_installed_is_refused_with_its_extra(model, monkeypatch, use):
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delitem(sys.modules, "batcher.backends.openvino")
    monkeypatch.delattr(batcher.backends, "openvino")
    with pytest.raises(BackendError, match=r"openvino isn't installed; .* pip install 'mmexplain\[openvino\]'"):
        use(model, BackendChoice("openvino", precision="fp32"))
