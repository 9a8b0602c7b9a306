"""`python -m bench.serving`."""

from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import click
from threadpoolctl import threadpool_limits

import bench.serving
from batcher.backends.choice import BackendChoice, open_backend
from batcher.backends.triton.addresses import Addresses, hosts_of
from batcher.backends.triton.backend import TritonBackend
from batcher.backends.triton.servers import Servers
from batcher.options import Options
from batcher.run.cluster import cluster
from batcher.slices import measure_slices
from bench.demo import MODEL, described
from bench.machine import cores
from bench.night.lengths import Length
from bench.night.measurement import RATE_HZ
from bench.night.sizes import size_of
from bench.output import Report, Section, publish
from bench.serving.local import in_process
from bench.serving.rounds import Way, taken_in_turn
from bench.serving.rows import MODELS, RATES, REQUESTS, model_rows, rate_rows, request_row
from bench.serving.served import RayServed, Served, TimedBackend
from bench.serving.work import Work
from export.artefact import load_artefact
from media import Preprocessing
from mmexplain.options import NumberOr
from mmexplain.serving import Serving, parts_of, serving
from triton_models.deployment import DeploymentOptions
from triton_models.endpoints import Endpoints


@dataclass(frozen=True)
class Settings:
    """Of a measurement."""

    environment: Path | None = None
    """That has the server; None: it is looked for."""
    clips: int = 16
    tokens: int = 12
    """Of a clip, `<s>` and `</s>` not among them."""
    seconds: float = 2.0
    """Of a clip."""
    masks: int | Literal["auto"] = "auto"
    rounds: int = 3
    in_flight: tuple[int, ...] = (1, 4, 16)
    """Requests of this process at a time."""
    actors: tuple[int, ...] = (1, 2)
    """Ray's workers."""
    instances: int | None = None
    """Of each graph in the server, of one thread each; None: one per core."""

    def work(self, model: Path, limits: Preprocessing) -> Work:
        """What is explained, by a model with such limits."""
        size = size_of(Length(self.tokens, self.seconds), limits, RATE_HZ)
        return Work(model, size, self.clips, Options(masks=self.masks))


USUAL: Final = Settings()


def measure(model: Path, settings: Settings) -> Report:
    """Explain the same clips in process and by a server.

    Args:
        model: the artefact.
        settings: of the measurement.

    Raises:
        BackendError: there is no server, or it doesn't start.
        click.ClickException: a clip failed.
    """
    served = Serving(
        model,
        DeploymentOptions("python", "cpu", settings.instances),
        Endpoints(grpc=0, http=None, metrics=None),
        environment=settings.environment,
    )
    with threadpool_limits(1), serving(served, *parts_of(model)) as supervisor:
        return _compared(model, settings, Addresses(hosts_of(supervisor.setup.endpoints.url)))


def _compared(model: Path, settings: Settings, addresses: Addresses) -> Report:
    """The figures of a server that runs."""
    artefact = load_artefact(model)
    work = settings.work(model, artefact.preprocessing)
    # As a run does: each by those who will call.
    local_slices = measure_slices(open_backend(model))
    with closing(Servers(addresses, artefact.digest)) as servers:
        slices = measure_slices(TritonBackend(model, artefact, servers, local_slices))
        backend, clips = TimedBackend(model, artefact, servers, slices), work.made_up(artefact)
        requests = [Served(work, backend, clips, number) for number in settings.in_flight]
        ray = [RayServed(work, addresses, slices, number) for number in settings.actors]
        with in_process(work, local_slices, cores()) as local, _ray(addresses, settings.actors):
            ways: dict[str, Way] = {f"{one.in_flight} in flight": one for one in requests}
            ways |= {f"Ray, {one.workers} x {addresses.in_flight} in flight": one for one in ray}
            Served(work, backend, clips[: cores()], cores())()  # a process pays for its first calls but once
            rounds = [taken_in_turn(local, ways) for _ in range(settings.rounds)]
    options = asdict(settings) | {"slices": asdict(slices), "local_slices": asdict(local_slices)}
    return Report(
        "serving",
        described(artefact),
        options,
        (
            Section(RATES, list(rate_rows(rounds, work.clips)), _notes(settings)),
            Section(REQUESTS, [request_row(one.in_flight, one.rounds) for one in requests]),
            Section(MODELS, [row for one in requests for row in model_rows(one.in_flight, one.rounds)]),
        ),
    )


def _ray(addresses: Addresses, actors: tuple[int, ...]) -> AbstractContextManager[None]:
    """Ray for as many workers, started once: that takes longer than a round of a small model."""
    if not actors:
        return nullcontext()
    return cluster(None, max(actors), BackendChoice("triton", addresses=addresses))


def _notes(settings: Settings) -> tuple[str, ...]:
    return (
        f"{settings.clips} clips of {settings.seconds:g} s, {settings.rounds} rounds: their medians.",
        "In process: as many processes as cores. Each ratio is to the rounds in process just before and after; the aim",
        "is that of the published size.",
    )


@click.command(help=bench.serving.__doc__)
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=MODEL, help="[default: the demo's]")
@click.option("--environment", type=click.Path(path_type=Path, exists=True), help="The server's, from `make triton`.")
@click.option("--clips", type=click.IntRange(min=1), default=USUAL.clips, show_default=True, help="Of a round.")
@click.option("--tokens", type=click.IntRange(min=1), default=USUAL.tokens, show_default=True, help="Of a clip.")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=USUAL.seconds, show_default=True, help="Of a clip.")
@click.option("--masks", type=NumberOr("auto"), default=USUAL.masks, show_default=True, help="Per modality.")
@click.option("--rounds", type=click.IntRange(min=1), default=USUAL.rounds, show_default=True)
@click.option("--in-flight", type=click.IntRange(min=1), multiple=True, default=USUAL.in_flight, show_default=True)
@click.option("--actors", type=click.IntRange(min=1), multiple=True, default=USUAL.actors, show_default=True)
@click.option("--instances", type=click.IntRange(min=1), help="Of each graph.  [default: cores]")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file.")
def main(*, model: Path, json_file: Path | None, **options: Any) -> None:
    """Run the bench."""
    publish(measure(model, Settings(**options)), json_file)


if __name__ == "__main__":
    main()
