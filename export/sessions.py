"""Graphs of an artefact in ONNX Runtime, whole clips at a time: what the parity gate runs."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import onnx_ir as ir
import onnxruntime
from numpy.typing import NDArray

from export.names import HEAD, pair_graph
from export.precision import round_on_cpu
from media.modality import MODALITIES, Modality
from sseft.terms import pairs_of, term_name

Array = NDArray[Any]


class Sessions:
    """Some graphs of a folder on the CPU, without any slicing.

    Args:
        folder: of the graphs.
        names: which; their weights are in memory while this lives.
        rounded: whether graphs in fp16 round as they would on a GPU (`round_on_cpu`).
    """

    def __init__(self, folder: Path, names: Iterable[str], *, rounded: bool = False) -> None:
        self.sessions = {name: _open(folder / f"{name}.onnx", rounded=rounded) for name in names}

    def run(self, name: str, *inputs: Array) -> list[Array]:
        """Run a graph on its inputs in their order."""
        session = self.sessions[name]
        outputs: list[Array] = session.run(
            None, {node.name: value for node, value in zip(session.get_inputs(), inputs, strict=True)}
        )
        return outputs

    def encode(self, modality: Modality, clip: Array, player: Array, keep: Array) -> Array:
        """Encodings [K, L, d] of one modality."""
        if modality == "video":
            features = self.run("video_frames", clip, player, keep)[0]
            return self.run("video_encoder", features)[0]
        return self.run(f"{modality}_encoder", clip, player, keep)[0]

    def logits(self, encodings: Mapping[Modality, Array]) -> Array:
        """Logits [K_T, K_A, K_V, logits] of the grid."""
        terms: dict[str, Array] = {m: encoding[:, 0] for m, encoding in encodings.items()}
        present = [m for m in MODALITIES if m in encodings]
        for x, y in pairs_of(present):
            both = self.run(pair_graph(x, y), encodings[x], encodings[y])
            terms[term_name(x, y)], terms[term_name(y, x)] = both
        return self.run(HEAD, *(terms[node.name] for node in self.sessions[HEAD].get_inputs()))[0]


def _open(path: Path, *, rounded: bool) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    graph: Path | bytes = path
    if rounded:
        model = ir.load(path)
        round_on_cpu(model)
        graph = ir.to_proto(model).SerializeToString()
        # Bytes have no place of their own from which to find the weights beside the file.
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(path.parent))
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
