"""`serve`: a model server on this machine."""

from pathlib import Path
from typing import Literal

import click

from mmexplain.exit import Exit
from mmexplain.options import Folder, Port, deployment_options
from mmexplain.progress import Log, show_server
from triton_models.deployment import DeploymentOptions
from triton_models.endpoints import LAST_PORT, LOOPBACK, Endpoints


@click.command()
@click.argument("artefact", type=click.Path(path_type=Path))
@click.option("--host", default=LOOPBACK, show_default=True, help="0.0.0.0 lets other machines in.")
@click.option(
    "--port", type=click.IntRange(0, LAST_PORT), default=Endpoints.grpc, show_default=True, help="Of gRPC; 0: any."
)
@click.option("--http-port", type=Port(), default=Endpoints.http, show_default=True)
@click.option("--metrics-port", type=Port(), default=Endpoints.metrics, show_default=True)
@click.option("--repository", type=Folder(), help="Keep the model repository here.")
@click.option(
    "--environment",
    type=click.Path(path_type=Path),
    help="The server's, from `make triton`.  [default: tritonserver on the PATH, else .triton here or above]",
)
@click.option("--server-log", type=click.Path(path_type=Path), help="Append what the server writes to this file.")
@click.option("--log", type=click.Choice(["auto", "rich", "json"]), default="auto", show_default=True)
@deployment_options
def serve(
    *,
    artefact: Path,
    host: str,
    port: int,
    http_port: int | Literal["off"],
    metrics_port: int | Literal["off"],
    deployment: DeploymentOptions,
    repository: Path | None,
    environment: Path | None,
    server_log: Path | None,
    log: Log,
) -> Exit:
    """Start a Triton server on the model ARTEFACT, print its URL, and keep it running until Ctrl-C or SIGTERM."""
    from mmexplain import serving  # noqa: PLC0415  # gRPC takes a third of a second to import

    endpoints = Endpoints(
        host,
        port,
        None if http_port == "off" else http_port,
        None if metrics_port == "off" else metrics_port,
    )
    options = serving.Serving(artefact, deployment, endpoints, repository, environment, server_log)
    serving.serve(options, *serving.parts_of(artefact), show_server(log), click.echo)
    return Exit.DONE
