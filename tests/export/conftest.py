import json
import shutil
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import pytest
import torch

import export.build
import mmexplain
from export.artefact import Artefact, file_digest
from export.build import build_artefact
from export.names import HEAD, graph_names
from export.onnx import save_graph, save_model
from export.precision import to_fp16
from media.modality import MODALITIES
from sseft.config import headed
from sseft.model import SSEFT
from sseft.presets import tiny
from sseft.saved import load_model
from sseft.untrained import untrained

DEMO = Path(mmexplain.__file__).parent / "demo"


@pytest.fixture(scope="session")
def demo():
    """The folder of the shipped artefact."""
    return DEMO / "model"


@pytest.fixture(scope="session")
def demo_model():
    """What it was exported from."""
    return load_model(DEMO / "training" / "model.pt")


class Sessions:
    """The graphs of a folder, run by their inputs' names."""

    def __init__(self, folder, names):
        self.sessions = {
            name: onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])
            for name in names
        }

    def __getitem__(self, name):
        return self.sessions[name]

    def run(self, name, /, **inputs):
        outputs = self.sessions[name].run(None, {key: np.asarray(value) for key, value in inputs.items()})
        return outputs[0] if len(outputs) == 1 else outputs


@pytest.fixture(scope="session")
def demo_graphs(demo):
    return Sessions(demo, graph_names(("text", "audio", "video")))


@pytest.fixture(scope="session")
def sessions():
    return Sessions


@pytest.fixture(scope="session")
def resave(demo):
    """Writes a copy of the shipped artefact with changed graphs, as if it had passed the gate."""

    def write(folder, change=None, **described):
        shutil.copytree(demo, folder)
        for path in demo.glob("*.onnx"):
            model = ir.load(path)
            if change:
                change(model)
            save_model(model, folder / path.name)
        description = folder / "artefact.json"
        files = {path.name: file_digest(path) for path in folder.iterdir() if path != description}
        description.write_text(json.dumps(json.loads(description.read_text()) | described | {"files": files}))
        return folder

    return write


@dataclass(frozen=True)
class Build:
    model: SSEFT
    folder: Path
    artefact: Artefact

    @property
    def graphs(self):
        return Sessions(self.folder, graph_names(self.artefact.modalities))


@pytest.fixture(scope="session")
def small_config():
    """All of SSE-FT's parts in as few layers as they need: an export takes half a minute less than a tiny one's."""

    def of(*modalities):
        config = tiny()
        return replace(
            config,
            modalities=modalities,
            text=replace(config.text, layers=1),
            audio=replace(config.audio, extractor=((10, 5), (40, 32)), aggregator=(3,)),
            fusion=replace(config.fusion, self_layers=1, cross_layers=1),
        )

    return of


@pytest.fixture(scope="session")
def build_of(small_config, tmp_path_factory):
    """Artefacts of variants of one model, by modalities and kind of head. Of a variant only its head is exported."""
    whole = untrained(small_config(*MODALITIES), 0)
    folders = {}

    def save(graph, path, precision):
        exported = folders.get(MODALITIES)
        if exported and graph.name != HEAD:
            shutil.copyfile(exported / path.name, path)
        else:
            save_graph(graph, path, precision)

    @cache
    def build(modalities, head="softmax"):
        if (modalities, head) != (MODALITIES, "softmax"):
            build(MODALITIES)
        model = untrained(headed(small_config(*modalities), head, None), 0)
        shared = {name: value for name, value in whole.state_dict().items() if not name.startswith(HEAD)}
        model.load_state_dict({name: shared.get(name, value) for name, value in model.state_dict().items()})
        folder = tmp_path_factory.mktemp("artefacts") / "model"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(export.build, "save_graph", save)
            artefact = build_artefact(model, folder, provenance="a test", trained=False)
        folders.setdefault(modalities, folder)
        return Build(model, folder, artefact)

    return build


@pytest.fixture(scope="session")
def text_build(build_of):
    return build_of(("text",))


@pytest.fixture(scope="session")
def half_build_of(build_of, tmp_path_factory):
    """The artefact in fp16 of such a variant, from the graphs in float32 instead of from PyTorch."""

    @cache
    def build(modalities):
        built = build_of(modalities)

        def save(graph, path, precision):
            assert precision == "fp16"
            model = ir.load(built.folder / f"{graph.name}.onnx")
            to_fp16(model)
            save_model(model, path)

        folder = tmp_path_factory.mktemp("half") / "model"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(export.build, "save_graph", save)
            artefact = build_artefact(built.model, folder, provenance="a test", trained=False, precision="fp16")
        return Build(built.model, folder, artefact)

    return build


@pytest.fixture(scope="session")
def names_in():
    """The bytes of a graph without its weights, which hold any three letters by chance."""

    def read(path):
        graph = onnx.load(path)
        for weight in graph.graph.initializer:
            weight.ClearField("raw_data")
        return graph.SerializeToString()

    return read


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    """Models this small gain nothing from a second thread, and lose tenfold where cores are busy."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield
