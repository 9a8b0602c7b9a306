"""What a run is asked for, and what it works with once that was looked at."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from batcher.backends.choice import BackendChoice, ComputePrecision, checked
from batcher.collection import BadRows, read_regions
from batcher.options import Options, check_options, check_suits
from batcher.run.config import ConfigError, RunConfig, check_folder, file_metadata
from batcher.run.machine import cores
from batcher.run.source import Source
from batcher.selection import Selection
from export.artefact import Artefact, load_artefact

SERVED_WORKERS: Final = 2
"""Of servers: while one's last requests of a unit are under way, and it writes, the other keeps servers busy."""


@dataclass(frozen=True)
class Run:
    """A collection, a model, a result folder, and how to get from one to the other."""

    manifest: Path
    artefact: Path
    out: Path
    options: Options = field(default_factory=Options)
    selection: Selection = field(default_factory=Selection)
    backend: BackendChoice = field(default_factory=BackendChoice)
    workers: int | None = None
    """Processes that explain; None: one per `threads` cores, one for a GPU, two for servers; 0: this process alone."""
    ray_address: str | None = None
    """A cluster to use instead of this machine."""
    retry_errors: bool = False
    """Whether segments with lasting failures are tried again."""
    regions: Path | None = None
    """The table of the pictures' regions, which `video_players` of that kind need."""
    on_bad_row: BadRows = "error"
    """Whether a row of the collection that describes no segment ends the run, or is reported and left out."""


@dataclass(frozen=True)
class Job:
    """A run of which all is known but its segments."""

    run: Run
    artefact: Artefact
    choice: BackendChoice
    """Resolved, and there."""
    source: Source
    metadata: dict[str, Any]
    """Of every file that it writes."""

    @property
    def precision(self) -> ComputePrecision:
        """In which the graphs are computed."""
        return self.choice.precision or self.artefact.precision

    @property
    def workers(self) -> int:
        """As many as are asked for; else as many as use the cores, and one for a GPU."""
        if self.run.workers is not None:
            return self.run.workers
        if self.choice.addresses:
            return SERVED_WORKERS
        return max(1, cores() // self.choice.threads) if self.choice.uses_cores else 1


def job_of(run: Run) -> Job:
    """Look at what a run is asked for; nothing is written.

    Raises:
        ArtefactError: the model can't be read.
        BackendError: the backend or the device isn't there.
        CollectionError: the table of regions can't be read.
        ConfigError: the options suit no segment, or the result folder belongs to something else.
    """
    if run.ray_address and run.workers is None:
        raise ConfigError("--ray-address needs --workers: the cores of this machine say nothing about the cluster")
    if (run.options.video_players == "regions") != (run.regions is not None):
        raise ConfigError(
            f"video_players is {run.options.video_players!r} and regions {run.regions}: give both regions and their "
            "table, or neither"
        )
    try:
        check_options(run.options)
        artefact = load_artefact(run.artefact)
        check_suits(run.options, artefact)
        choice = checked(run.artefact, run.backend.resolved(artefact))
    except ValueError as error:
        raise ConfigError(str(error)) from error
    regions = read_regions(run.regions) if run.regions else None
    precision, table = choice.precision or artefact.precision, regions.digest if regions else None
    config = RunConfig(artefact.digest, run.options, precision, choice.name, choice.device, choice.threads, table)
    metadata = file_metadata(config, artefact)
    check_folder(run.out, metadata)
    source = Source(run.manifest, artefact, run.selection, run.on_bad_row, regions)
    return Job(run, artefact, choice, source, metadata)
