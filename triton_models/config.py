"""Model configurations: what a template says, and what follows from a graph and a deployment.

They are built as Triton's own message, which refuses a field or a type that Triton doesn't know. What Triton could
complete by itself is all said: the server is told not to (`triton_models.server`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from batcher.backends.onnxruntime import DEVICE_SLICES
from batcher.backends.providers import CUDA_OPTIONS
from batcher.backends.tensorrt import GRAPHS as ENGINES
from batcher.backends.tensorrt import tensorrt_options
from batcher.grid.request import names_of
from export.artefact import Artefact
from export.names import ENCODERS
from triton_models.deployment import Deployment
from triton_models.signature import Signature

Config = Any
"""A `ModelConfig`: the generated module has no types."""

ENGINES_FOLDER: Final = "/engines"
"""Where a container keeps what TensorRT built: a volume, if it is to outlive the container."""

CONTAINER_BACKEND: Final = "onnxruntime"

HEURISTIC: Final = 1
SAME_AS_REQUESTED: Final = 1
"""The onnxruntime backend's numbers for what `CUDA_OPTIONS` says."""

SMALL: Final[Mapping[str, int]] = {"samples": 16_000}
"""Of a warm-up's axes, by their names in the graphs; others are 2 long. A second of sound, which any model takes."""


def graph_config(template: Path, name: str, signature: Signature, artefact: Artefact, deployment: Deployment) -> Config:
    """The configuration of the model that serves one graph.

    Args:
        template: of `triton_models/graph`.
        name: of the graph, and of the model.
        signature: of the graph.
        artefact: that it belongs to.
        deployment: how it is served.
    """
    config = read_config(template)
    config.name = name
    config.backend = CONTAINER_BACKEND if deployment.target == "container" else "python"
    for place, tensors in ((config.input, signature.inputs), (config.output, signature.outputs)):
        for tensor in tensors:
            place.add(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
    _add_instances(config, deployment)
    _add_warm_up(config, signature)
    if deployment.target == "container":
        _add_session(config, deployment)
        _add_accelerators(config, name, artefact, deployment)
    else:
        _set(config, "threads", deployment.threads)
        _set(config, "cuda", json.dumps(dict(CUDA_OPTIONS)))
    return config


def explain_config(
    template: Path, signatures: Mapping[str, Signature], artefact: Artefact, deployment: Deployment
) -> Config:
    """The configuration of the model `explain`.

    Args:
        template: of `triton_models/explain`.
        signatures: of the artefact's graphs, by name.
        artefact: that is served.
        deployment: how.
    """
    config = read_config(template)
    for modality in artefact.modalities:
        encoder = {tensor.name: tensor for tensor in signatures[ENCODERS[modality][0]].inputs}
        clip, *others = names_of(modality)
        for name, of_graph in zip((clip, *others), (clip, "player", "keep"), strict=True):
            tensor = encoder[of_graph]
            config.input.add(name=name, data_type=tensor.data_type, dims=tensor.dims, optional=True)
    # The graphs compute; this only waits for them.
    config.instance_group.add(count=deployment.requests, kind=model_config_pb2.ModelInstanceGroup.KIND_CPU)
    _set(config, "graphs", json.dumps({name: [t.name for t in s.outputs] for name, s in signatures.items()}))
    _set(config, "calls", deployment.calls)
    _set(config, "artefact", artefact.digest)
    _set(config, "device", deployment.device)
    _set(config, "stays", deployment.stays)
    return config


def read_config(path: Path) -> Config:
    """Read a configuration.

    Raises:
        ValueError: Triton wouldn't understand it.
    """
    try:
        return text_format.Parse(path.read_text(), model_config_pb2.ModelConfig())
    except text_format.ParseError as error:
        raise ValueError(f"{path} is no model configuration: {error}") from error


def written(config: Config) -> str:
    """As Triton reads it."""
    text: str = text_format.MessageToString(config)
    return text


def _add_instances(config: Config, deployment: Deployment) -> None:
    group = model_config_pb2.ModelInstanceGroup
    # Without a list of GPUs, on every one that the server sees.
    kind = group.KIND_CPU if deployment.device == "cpu" else group.KIND_GPU
    config.instance_group.add(count=deployment.instances, kind=kind)


def _add_warm_up(config: Config, signature: Signature) -> None:
    """A call before the first clip's, of the smallest shapes that make sense."""
    warm_up = config.model_warmup.add(name="small", batch_size=0, count=1)
    for tensor in signature.inputs:
        given = warm_up.inputs[tensor.name]
        given.data_type = tensor.data_type
        given.dims.extend(axis if isinstance(axis, int) else SMALL.get(axis, 2) for axis in tensor.axes)
        given.zero_data = True


def _add_session(config: Config, deployment: Deployment) -> None:
    """Of the onnxruntime backend, as `batcher.backends.onnxruntime.open_graph` has it."""
    _set(config, "intra_op_thread_count", deployment.threads)
    _set(config, "inter_op_thread_count", 1)
    _set(config, "enable_mem_pattern", 0)
    if deployment.device != "cpu":
        # Any parameter at all has the backend set these two anew, whatever the accelerator's options say.
        _set(config, "cudnn_conv_algo_search", HEURISTIC)
        _set(config, "arena_extend_strategy", SAME_AS_REQUESTED)


def _add_accelerators(config: Config, name: str, artefact: Artefact, deployment: Deployment) -> None:
    """CUDA's options, and before them TensorRT's for the graphs that it runs."""
    if deployment.device == "cpu":
        return
    accelerators = config.optimization.execution_accelerators.gpu_execution_accelerator
    if deployment.device == "tensorrt" and name in ENGINES:
        options = tensorrt_options(name, artefact, DEVICE_SLICES)
        half = options.pop("trt_fp16_enable")
        folder = f"{ENGINES_FOLDER}/{artefact.digest[:16]}"
        options |= {"trt_engine_cache_path": folder, "trt_timing_cache_path": folder}
        accelerators.add(name="tensorrt", parameters={"precision_mode": "FP16" if half else "FP32"} | _strings(options))
    accelerators.add(name="cuda", parameters=_strings(CUDA_OPTIONS))


def _strings(options: Mapping[str, Any]) -> dict[str, str]:
    """Triton's spelling: booleans are 0 and 1."""
    return {name: str(int(value) if isinstance(value, bool) else value) for name, value in options.items()}


def _set(config: Config, name: str, value: object) -> None:
    config.parameters[name].string_value = str(value)
