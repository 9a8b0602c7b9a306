"""Sessions of ONNX models that stand in memory."""

import onnx
import onnxruntime


def session_of(model: onnx.ModelProto, threads: int) -> onnxruntime.InferenceSession:
    """A session on the CPU, with so many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A count sees each shape once: nothing planned or kept for the next run pays.
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
