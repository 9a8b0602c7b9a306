"""A graph of an artefact by ONNX Runtime, for a Triton that has the python backend alone."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils

LOG_ERRORS = 3


class TritonPythonModel:
    """Runs `1/model.onnx` on every request."""

    def initialize(self, args):
        """Open the graph; on a GPU only where the instance is one, or ONNX Runtime prints errors."""
        parameters = json.loads(args["model_config"])["parameters"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(parameters["threads"]["string_value"])
        options.inter_op_num_threads = 1
        options.log_severity_level = LOG_ERRORS
        # Shapes change from clip to clip: planned memory patterns would only pile up.
        options.enable_mem_pattern = False
        providers = ["CPUExecutionProvider"]
        if args["model_instance_kind"] == "GPU":
            device = {"device_id": args["model_instance_device_id"]}
            cuda = json.loads(parameters["cuda"]["string_value"])
            providers.insert(0, ("CUDAExecutionProvider", device | cuda))
        graph = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        self.session = onnxruntime.InferenceSession(graph, options, providers=providers)
        self.inputs = [node.name for node in self.session.get_inputs()]
        self.outputs = [node.name for node in self.session.get_outputs()]

    def execute(self, requests):
        """Answer each; a request whose shapes don't fit fails alone."""
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        inputs = {name: pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}
        try:
            outputs = self.session.run(self.outputs, inputs)
        except Exception as error:  # noqa: BLE001  # whatever ONNX Runtime says of these inputs is the answer
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error)))
        named = zip(self.outputs, outputs, strict=True)
        # Not by from_dlpack, which crashes on arrays of numpy 1.26.
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, np.ascontiguousarray(value)) for name, value in named])
