"""GPUs by their makers' word, and how long so many of them would compute."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from batcher.backends.choice import ComputePrecision

TERA: Final = 1e12
HOUR_S: Final = 3600
UTILISATION: Final = 0.3
"""Of the peak, that the graphs are taken to reach. An assumption: nobody has measured it on a GPU."""


@dataclass(frozen=True)
class GpuKind:
    """Peaks of one kind, in TFLOP/s of dense products, from NVIDIA's datasheet of it.

    Datasheets since Ampere print figures with sparsity, twice these. TF32 isn't here: fp32 graphs run in full fp32
    (`docs/artefact.md`), outside of tensor cores.
    """

    name: str
    fp32: float
    half: float
    """fp16, and bf16 where it has that; accumulated in fp32."""

    def peak_tflops(self, precision: ComputePrecision) -> float:
        """In the precision of an artefact."""
        return self.fp32 if precision == "fp32" else self.half


KINDS: Final[Mapping[str, GpuKind]] = {
    "t4": GpuKind("NVIDIA T4", 8.1, 65.0),
    "v100": GpuKind("NVIDIA V100 SXM2", 15.7, 125.0),
    "a10": GpuKind("NVIDIA A10", 31.2, 125.0),
    "a30": GpuKind("NVIDIA A30", 10.3, 165.0),
    "a100": GpuKind("NVIDIA A100", 19.5, 312.0),
    "l4": GpuKind("NVIDIA L4", 30.3, 121.0),
    "l40s": GpuKind("NVIDIA L40S", 91.6, 362.0),
    "rtx4090": GpuKind("NVIDIA GeForce RTX 4090", 82.6, 165.2),
    "h100": GpuKind("NVIDIA H100 SXM", 67.0, 989.5),
    "h100-pcie": GpuKind("NVIDIA H100 PCIe", 51.0, 756.5),
    "h200": GpuKind("NVIDIA H200 SXM", 67.0, 989.5),
}


@dataclass(frozen=True)
class GpuCosts:
    """A collection on some GPUs."""

    gpus: int
    kind: str
    precision: ComputePrecision
    peak_tflops: float
    """Of one."""
    utilisation: float
    """Assumed share of the peak."""
    hours: float
    """Of computing the graphs, all GPUs at once and nothing in their way."""
    decode_cores: float
    """Of this machine's, that decoding would keep busy beside them."""
    estimate_cores: float
    """That estimating and writing would keep busy. Workers do both between clips: the GPU waits unless others ask it
    meanwhile."""


def gpu_costs(
    flop: float,
    *,
    gpus: int,
    kind: str,
    precision: ComputePrecision,
    utilisation: float,
    decode_s: float,
    estimate_s: float,
) -> GpuCosts:
    """What a collection takes on GPUs.

    Args:
        flop: of all graphs.
        gpus: how many.
        kind: a key of `KINDS`.
        precision: of the artefact.
        utilisation: share of the peak, above 0.
        decode_s: seconds of one core of this machine, for all segments.
        estimate_s: as decode_s, of estimating and writing.
    """
    peak = KINDS[kind].peak_tflops(precision)
    seconds = flop / (gpus * peak * TERA * utilisation)
    cores = [of / seconds if seconds else 0.0 for of in (decode_s, estimate_s)]
    return GpuCosts(gpus, KINDS[kind].name, precision, peak, utilisation, seconds / HOUR_S, *cores)
