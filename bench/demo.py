"""What the benches run on unless told otherwise: the model and the clips that ship with the package."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from export.artefact import Artefact
from mmexplain.cli import DEMO

MODEL: Final = DEMO / "model"
CHECKPOINT: Final = DEMO / "training" / "model.pt"
"""That the model was exported from."""
MANIFEST: Final = DEMO / "clips" / "manifest.csv"


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every bench."""
    file = click.Path(path_type=Path, exists=True)
    options = [
        click.option("--model", type=file, default=MODEL, help="An artefact.  [default: the demo's]"),
        click.option("--manifest", type=file, default=MANIFEST, help="Its clips.  [default: the demo's]"),
        click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures to this file."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def described(artefact: Artefact) -> str:
    """Where an artefact's weights came from."""
    return artefact.provenance if artefact.trained else f"{artefact.provenance} (probabilities vary little)"
