"""How an artefact is to be served."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

Target = Literal["container", "python"]
TARGETS: Final[tuple[Target, ...]] = get_args(Target)

ServedDevice = Literal["cpu", "cuda", "tensorrt"]
SERVED_DEVICES: Final[tuple[ServedDevice, ...]] = get_args(ServedDevice)


@dataclass(frozen=True)
class Deployment:
    """Which Triton serves, on what, and how much of it at a time.

    Raises:
        ValueError: the target hasn't the device, or a number isn't positive.
    """

    target: Target
    """container: NVIDIA's, whose onnxruntime backend runs the graphs; python: a Triton with the python backend alone,
    whose environment has onnxruntime."""
    device: ServedDevice = "cpu"
    instances: int = 1
    """Of each graph; on GPUs, of each on every GPU."""
    requests: int = 4
    """Clips that are answered at a time."""
    threads: int = 1
    """Of a graph on the CPU."""

    def __post_init__(self) -> None:
        if self.device == "tensorrt" and self.target != "container":
            raise ValueError("device is 'tensorrt', which NVIDIA's container has: use --target container, or cuda")
        numbers = {"instances": self.instances, "requests": self.requests, "threads": self.threads}
        for name, number in numbers.items():
            if number < 1:
                raise ValueError(f"{name} is {number}: give 1 or more")

    @property
    def calls(self) -> int:
        """Of a graph, that one clip has under way: with one waiting for each that is computed."""
        return self.instances if self.device == "cpu" else self.instances + 1
