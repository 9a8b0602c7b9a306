"""A model repository: an artefact as Triton serves it."""

import os
import shutil
from pathlib import Path
from typing import Final

from batcher.backends.device import GRAPHS as MOVES
from batcher.backends.triton.server import MODEL as EXPLAIN
from batcher.backends.triton.server import VERSION
from batcher.backends.triton.trial import trial_body
from batcher.grid.device_array import CUT, JOIN
from export.artefact import ABSENT, Artefact, ArtefactError, load_artefact
from export.names import graph_names
from triton_models.config import explain_config, graph_config, written
from triton_models.deployment import Deployment
from triton_models.signature import Signature

TEMPLATES: Final = Path(__file__).parent
CONFIG: Final = "config.pbtxt"
MODEL: Final = "model.py"
TRIAL: Final = "trial.json"
"""The body of a request by HTTP that tells whether the models work: `curl --fail --data @trial.json`. Triton looks at
folders alone."""

CARRIED: Final = ("batcher/grid", "export/names.py", "media/modality.py", "sseft/terms.py")
"""What `explain` is made of beside its own file. Each needs numpy and the others alone."""


def write_repository(artefact_folder: Path, out: Path, deployment: Deployment) -> Artefact:
    """Write the model repository of an artefact: one model for each graph, and `explain`, which calls them.

    Args:
        artefact_folder: of the artefact. Its graphs are linked where that can be done, and copied elsewhere.
        out: the repository's folder: an earlier one of the kind, which is replaced whole, or an empty one.
        deployment: how the artefact is served.

    Returns:
        The artefact.

    Raises:
        ArtefactError: there is no artefact, the folder holds something else, or it can't be written.
    """
    artefact = load_artefact(artefact_folder)
    if out.exists() and not (out / TRIAL).exists() and (not out.is_dir() or any(out.iterdir())):
        raise ArtefactError(f"{out} isn't empty, and no model repository; give the repository a folder of its own")
    partial = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        _write(artefact_folder, artefact, partial, deployment)
        (partial / TRIAL).write_text(trial_body(artefact))
        if out.exists():
            shutil.rmtree(out)
        partial.rename(out)
    except OSError as error:
        raise ArtefactError(f"{out} can't be written: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return artefact


def _write(artefact_folder: Path, artefact: Artefact, out: Path, deployment: Deployment) -> None:
    graphs = {name: artefact_folder / f"{name}.onnx" for name in graph_names(artefact.modalities)}
    if deployment.stays:
        graphs |= {name: MOVES / f"{name}.onnx" for name in (CUT, *JOIN)}
    signatures = {name: Signature.of(graph) for name, graph in graphs.items()}
    for name, graph in graphs.items():
        version = _version(out / name)
        _link(graph, version / "model.onnx")
        data = graph.with_name(f"{name}.onnx.data")
        if data.exists():
            # By this name, by which the graph asks for it.
            _link(data, version / data.name)
        if deployment.target == "python":
            shutil.copyfile(TEMPLATES / "graph" / VERSION / MODEL, version / MODEL)
        config = graph_config(TEMPLATES / "graph" / CONFIG, name, signatures[name], artefact, deployment)
        (out / name / CONFIG).write_text(written(config))
    _write_explain(artefact_folder, artefact, out / EXPLAIN, deployment, signatures)


def _write_explain(
    artefact_folder: Path, artefact: Artefact, folder: Path, deployment: Deployment, signatures: dict[str, Signature]
) -> None:
    version = _version(folder)
    shutil.copyfile(TEMPLATES / EXPLAIN / VERSION / MODEL, version / MODEL)
    shutil.copyfile(artefact_folder / ABSENT, version / ABSENT)
    for carried in CARRIED:
        _copy(TEMPLATES.parent / carried, version / carried)
        # Without it Python would take any other package of the name that it finds.
        (version / carried).parent.joinpath("__init__.py").touch()
    config = explain_config(TEMPLATES / EXPLAIN / CONFIG, signatures, artefact, deployment)
    (folder / CONFIG).write_text(written(config))


def _version(folder: Path) -> Path:
    version = folder / VERSION
    version.mkdir(parents=True)
    return version


def _link(source: Path, target: Path) -> None:
    """Put the same file at another place, or a copy where file systems differ."""
    # Not a symbolic link: ONNX Runtime looks for a graph's weights beside what that points at.
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)
