import shutil
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import export.build
import mmexplain
from export.artefact import HEAD, Artefact, graph_names
from export.build import build_artefact
from export.onnx import save_graph
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

    def save(graph, path):
        exported = folders.get(MODALITIES)
        if exported and graph.name != HEAD:
            shutil.copyfile(exported / path.name, path)
        else:
            save_graph(graph, path)

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
