"""Building an artefact: export, parity gate, description. Nothing is left behind where the gate refuses."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from export.artefact import ABSENT, TOKENIZER, Artefact, ArtefactError, Precision, file_digest
from export.flops import count_work
from export.onnx import graphs, save_graph
from export.parity import measure_parity
from media import FoundTokenizer, MediaError, find_tokenizer, tokenize
from media.modality import Modality
from sseft.model import SSEFT

BASELINES: Final[dict[Modality, str]] = {"text": "<mask>", "audio": "silence", "video": "black"}


def build_artefact(
    model: SSEFT,
    folder: Path,
    *,
    provenance: str,
    trained: bool,
    tokenizer: Path | None = None,
    precision: Precision = "fp32",
) -> Artefact:
    """Export a model to a new artefact.

    Args:
        model: SSE-FT in eval mode.
        folder: where the artefact will stand; must not exist yet.
        provenance: where the weights came from, in words.
        trained: whether the weights were trained; False is repeated in every output.
        tokenizer: that of its RoBERTa, in a form that `media.find_tokenizer` reads. Without one, manifests must
            bring token ids.
        precision: of the graphs' products.

    Raises:
        ArtefactError: the folder exists, the tokenizer doesn't fit the model, or a weight is beyond the precision.
        ParityError: the graphs don't compute what PyTorch computes. Nothing is written in any of these cases.
    """
    if folder.exists():
        raise ArtefactError(f"{folder} exists already; remove it or choose another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        target = Path(scratch) / "artefact"
        target.mkdir()
        if tokenizer:
            _write_tokenizer(tokenizer, target / TOKENIZER, model)
        for graph in graphs(model):
            save_graph(graph, target / f"{graph.name}.onnx", precision)
        np.savez(target / ABSENT, **absent(model))  # type: ignore[arg-type]  # numpy's stub names allow_pickle
        parity = measure_parity(model, target, precision=precision)
        artefact = describe(model, target, provenance=provenance, trained=trained, precision=precision, parity=parity)
        artefact.write(target)
        target.rename(folder)
    return artefact


def describe(
    model: SSEFT, folder: Path, *, provenance: str, trained: bool, precision: Precision, parity: float
) -> Artefact:
    """The description of the graphs in a folder."""
    config = model.config
    return Artefact(
        modalities=config.modalities,
        dims={modality: config.dim(modality) for modality in config.modalities},
        labels=config.labels,
        head=config.head,
        provenance=provenance,
        trained=trained,
        preprocessing=config.preprocessing,
        tokens=config.tokens,
        baselines={modality: BASELINES[modality] for modality in config.modalities},
        precision=precision,
        parity=parity,
        work=count_work(model),
        files={path.name: file_digest(path) for path in sorted(folder.iterdir())},
    )


def absent(model: SSEFT) -> dict[Modality, NDArray[np.float32]]:
    """The constant encoding of each modality's absence: text `<s> </s>`, sound and picture their CLS alone."""
    config = model.config
    encodings: dict[Modality, NDArray[Any]] = {}
    with torch.no_grad():
        if "text" in config.modalities:
            ids = torch.tensor([[config.text.bos_id, config.text.eos_id]])
            encodings["text"] = model.encode_text(ids).numpy()
        if "audio" in config.modalities:
            encodings["audio"] = model.audio(torch.zeros(1, 0, config.audio.dim)).numpy()
        if "video" in config.modalities:
            encodings["video"] = model.encode_video(torch.zeros(1, 0, config.video.dim)).numpy()
    return encodings


def _write_tokenizer(source: Path, target: Path, model: SSEFT) -> None:
    try:
        found = find_tokenizer(source)
    except MediaError as error:
        raise ArtefactError(str(error)) from error
    _check_tokenizer(found, source, model)
    if found.file:
        shutil.copyfile(found.file, target)
    else:
        found.tokenizer.save(str(target))


def _check_tokenizer(found: FoundTokenizer, source: Path, model: SSEFT) -> None:
    text = model.config.text
    remedy = "give the tokenizer that the model was trained with"
    if found.vocab_size > text.vocab_size:
        raise ArtefactError(
            f"{source} has {found.vocab_size} tokens, the model's embedding {text.vocab_size}; {remedy}"
        )
    special = {"bos": text.bos_id, "pad": text.pad_id, "eos": text.eos_id, "mask": text.mask_id}
    for role, expected in special.items():
        token = found.names[role]
        token_id = found.tokenizer.token_to_id(token)
        if token_id not in {None, expected}:
            raise ArtefactError(f"{source} gives {token} the id {token_id}, the model {expected}; {remedy}")
    line = tokenize(found.tokenizer, "a", model.config.tokens, text.max_tokens)
    if text.trailing_newline and (line is None or not line.special[-2]):
        raise ArtefactError(f"{source} makes no token of a line's end; export without --trailing-newline")
