"""How an artefact is to be served."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from batcher.backends.onnxruntime import Device
from batcher.run.machine import cores

Target = Literal["container", "python"]
"""container: NVIDIA's, whose onnxruntime backend runs the graphs; python: a Triton with the python backend alone, whose
environment has onnxruntime."""
TARGETS: Final[tuple[Target, ...]] = get_args(Target)

REQUESTS: Final = 4


@dataclass(frozen=True)
class Deployment:
    """Which Triton serves, on what, and how much of it at a time.

    Raises:
        ValueError: the target hasn't the device, or a number isn't positive.
    """

    target: Target
    device: Device = "cpu"
    instances: int = 1
    """Of each graph; on GPUs, of each on every GPU."""
    requests: int = REQUESTS
    """Clips that are answered at a time."""
    threads: int = 1
    """Of a graph on the CPU."""

    def __post_init__(self) -> None:
        if self.device == "tensorrt" and self.target == "python":
            raise ValueError("device is 'tensorrt', which NVIDIA's container has: use --target container, or cuda")
        for name in ("instances", "requests", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: give 1 or more")

    @property
    def stays(self) -> Literal["GPU", "CPU", ""]:
        """The memory in which what a graph gives stays until the next one takes it; none: it comes to numpy."""
        return "" if self.device == "cpu" else "GPU"

    @property
    def calls(self) -> int:
        """Of a graph, that one clip has under way; on a GPU one waits for each that is computed."""
        return self.instances if self.device == "cpu" else self.instances + 1


@dataclass(frozen=True)
class DeploymentOptions:
    """What was said of a deployment; the rest follows from the server."""

    target: Target | None = None
    device: Device | None = None
    instances: int | None = None
    requests: int = REQUESTS
    threads: int = 1

    def on(self, target: Target) -> Deployment:
        """The deployment on such a server: on GPUs in a container, and on all cores elsewhere.

        Raises:
            ValueError: the server isn't one of these.
        """
        device = self.device or ("cuda" if target == "container" else "cpu")
        instances = self.instances or (max(1, cores() // self.threads) if device == "cpu" else 1)
        return Deployment(target, device, instances, self.requests, self.threads)
