"""One clip with its sub-masks to the logits of their grid, by the other models of this repository."""

import json
import sys
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import triton_python_backend_utils as pb_utils

# What the grid is made of travels with this model, whose environment knows nothing else of the project.
sys.path.insert(0, str(Path(__file__).parent))

from batcher.grid import GrowingGrid, Maskable
from batcher.grid.device_array import DeviceArray, Memory
from batcher.grid.request import GridAnswer, GridRequest

KEPT = 2
"""Grids that later requests may extend; each is up to some hundred MB."""
TO_HOST = ("video_frames", "head")
"""Graphs whose outputs are looked at here. All others' stay where they are made."""


class TritonPythonModel:
    """Answers `batcher.grid.request.GridRequest`."""

    def initialize(self, args):
        """Load the constant encodings of absent modalities."""
        config = json.loads(args["model_config"])
        parameters = {name: value["string_value"] for name, value in config["parameters"].items()}
        self.names = [node["name"] for node in config["input"]]
        self.models = Models(json.loads(parameters["graphs"]), parameters["stays"])
        with np.load(Path(args["model_repository"]) / args["model_version"] / "absent.npz") as stored:
            self.absent = dict(stored)
        self.calls = ThreadPoolExecutor(int(parameters["calls"]))
        self.kept = OrderedDict()

    def execute(self, requests):
        """Answer each; what is wrong with one, or with a graph that it calls, is its answer alone."""
        return [self._respond(request) for request in requests]

    def finalize(self):
        """End the threads."""
        self.calls.shutdown()

    def _respond(self, request):
        try:
            asked = GridRequest.read(self._arrays(request))
        except ValueError as error:
            code = pb_utils.TritonError.INVALID_ARG
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error), code))
        try:
            answer = GridAnswer.of(self._grid(asked), asked)
        except (ValueError, pb_utils.TritonModelException) as error:
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error)))
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, array) for name, array in answer.arrays().items()])

    def _arrays(self, request):
        tensors = {name: pb_utils.get_input_tensor_by_name(request, name) for name in self.names}
        return {name: tensor.as_numpy() for name, tensor in tensors.items() if tensor is not None}

    def _grid(self, asked):
        """The grid of a request's sub-masks: one that is kept where it has the first of them, else from nothing."""
        growing, known = self.kept.pop(asked.grid, (None, {}))
        if growing is None or not extends(asked.clip, known):
            clip = {m: held(masked) for m, masked in asked.clip.items()} if asked.grid else asked.clip
            growing, known = GrowingGrid(self._run, clip, self.absent, asked.slices), {}
        for modality, masked in asked.clip.items():
            new = masked.keep[len(known.get(modality, ())) :]
            if len(new):
                growing.extend(modality, new)
        if asked.grid:
            self.kept[asked.grid] = growing, {m: masked.keep.copy() for m, masked in asked.clip.items()}
            while len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        return growing

    def _run(self, graph, calls):
        """The outputs of a graph's calls in their order; several are under way at a time."""
        started = []
        try:
            started.extend(self.calls.submit(self.models.call, graph, inputs) for inputs in calls)
            for call in started:
                yield call.result()
        finally:
            # Triton lets models be called while a request is answered, and not after.
            for call in started:
                call.cancel()
            wait(started)


class Models(Memory):
    """The repository's other models, and the memory in which their outputs stay."""

    def __init__(self, outputs, stays):
        self.outputs, self.stays = outputs, stays

    def call(self, graph, inputs):
        """A graph's outputs: arrays, or device arrays where they stay.

        Raises:
            TritonModelException: the graph's model fails.
        """
        stays = self.stays and graph not in TO_HOST
        place = getattr(pb_utils, f"TRITONSERVER_MEMORY_{self.stays if stays else 'CPU'}")
        response = pb_utils.InferenceRequest(
            model_name=graph,
            model_version=1,
            requested_output_names=self.outputs[graph],
            inputs=[tensor_of(name, value) for name, value in inputs.items()],
            preferred_memory=pb_utils.PreferredMemory(place, 0),
        ).exec()
        if response.has_error():
            raise pb_utils.TritonModelException(f"{graph}: {response.error().message()}")
        tensors = [pb_utils.get_output_tensor_by_name(response, name) for name in self.outputs[graph]]
        # On the host copies: tensors there are views of memory that ends with the response.
        return [DeviceArray(self, tensor) if stays else tensor.as_numpy().copy() for tensor in tensors]

    def upload(self, array):
        """A host array's; Triton copies it where a model wants it."""
        return DeviceArray(self, pb_utils.Tensor("array", np.ascontiguousarray(array)))

    def shape(self, value):
        """Of a tensor."""
        return tuple(value.shape())

    def to_host(self, value):
        """A tensor that never left the host."""
        return value.as_numpy()

    def move(self, graph, inputs):
        """The output of `cut`, or of one that joins."""
        (moved,) = self.call(graph, inputs)
        return moved


def tensor_of(name, value):
    """An input of a model: what a model made passes on without a copy."""
    if isinstance(value, DeviceArray):
        return pb_utils.Tensor.from_dlpack(name, value.value.to_dlpack())
    return pb_utils.Tensor(name, np.ascontiguousarray(value))


def held(masked):
    """What a later request may need; this one's arrays end with it."""
    return Maskable(masked.clip.copy(), masked.player.copy(), masked.keep[:0])


def extends(clip, known):
    """Whether a clip has the modalities of a kept grid, and the sub-masks [K, n] of each begin with those [k, n]."""
    return clip.keys() == known.keys() and all(
        np.array_equal(clip[m].keep[: len(first)], first) for m, first in known.items()
    )
