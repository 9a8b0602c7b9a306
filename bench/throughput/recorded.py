"""A backend whose calls of graphs are written down: shapes, bytes, seconds."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from batcher.backends.onnxruntime import OnnxRuntimeBackend, open_graph
from export.names import HEAD

Array = NDArray[Any]

PAIRS: Final = "pairs"
GRAPH_STAGES: Final = ("text_encoder", "audio_encoder", "video_frames", "video_encoder", PAIRS, HEAD)


@dataclass(frozen=True)
class Form:
    """A graph and the shapes of its inputs, on which its FLOPs depend."""

    graph: Path
    inputs: tuple[tuple[str, str, tuple[int, ...]], ...]
    """Name, dtype and shape of each."""


@dataclass(frozen=True)
class Call:
    """One run of a graph."""

    form: Form
    bytes: int
    """Of its inputs and outputs."""
    seconds: float
    """In ONNX Runtime."""

    @property
    def stage(self) -> str:
        """Of `GRAPH_STAGES`."""
        name = self.form.graph.stem
        return PAIRS if name.startswith(f"{PAIRS}_") else name


class RecordedSession:
    """A session that appends each of its runs to a list."""

    def __init__(self, graph: Path, session: Any, calls: list[Call]) -> None:
        self._graph, self._session, self._calls = graph, session, calls

    def run(self, outputs: Sequence[str] | None, inputs: Mapping[str, Array]) -> list[Array]:
        """As `InferenceSession.run`."""
        started = time.perf_counter()
        found: list[Array] = self._session.run(outputs, inputs)
        seconds = time.perf_counter() - started
        form = Form(self._graph, tuple((name, str(value.dtype), value.shape) for name, value in inputs.items()))
        moved = sum(array.nbytes for array in (*inputs.values(), *found))
        self._calls.append(Call(form, moved, seconds))
        return found


def recorded(
    backend: OnnxRuntimeBackend, graphs: Mapping[str, Path] | None = None, *, threads: int = 1
) -> tuple[OnnxRuntimeBackend, list[Call]]:
    """A backend of the same sessions, and the list that its calls are appended to.

    Args:
        backend: of an artefact, on the CPU.
        graphs: files of graphs that stand in for the artefact's, by their names.
        threads: of those.
    """
    calls: list[Call] = []
    others = graphs or {}
    sessions = {
        name: RecordedSession(others[name], open_graph(others[name], device="cpu", threads=threads), calls)
        if name in others
        else RecordedSession(backend.folder / f"{name}.onnx", session, calls)
        for name, session in backend.sessions.items()
    }
    return replace(backend, sessions=sessions), calls
