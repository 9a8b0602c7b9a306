"""The parity gate: the graphs against PyTorch in float32, over masks and lengths where exports go wrong.

PyTorch sees inputs that were masked by hand, one coalition at a time, so that the masks inside the graphs are
checked as well as the arithmetic. Encoders are opened one after the other: at the published size that of text alone
takes gigabytes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from export.artefact import Precision, absent_encodings
from export.names import ENCODERS, HEAD, pair_graph
from export.sessions import Sessions
from media.modality import MODALITIES, Modality
from sseft.heads import HeadKind, values_of
from sseft.model import SSEFT

Array = NDArray[Any]

TOLERANCE: Final = 1e-4
"""Largest difference of a logit from PyTorch's in float32."""

TOLERANCE_FP16: Final = 2e-3
"""Largest difference of a probability, or a score, from PyTorch's in float32, of graphs in fp16."""

LENGTHS: Final = ((1, 1, 1), (2, 400, 2), (7, 8_000, 3), (20, 33_333, 11))
"""(tokens between `<s>` and `</s>`, samples, frames) of the gate's clips, as far as the model takes them; the longest
that it takes follows."""

PLAYERS: Final[Mapping[Modality, int]] = {"text": 5, "audio": 3, "video": 16}


class ParityError(Exception):
    """Graphs that don't compute what PyTorch computes."""


@dataclass(frozen=True)
class Gate:
    """What is compared with PyTorch's, and how far it may be from it."""

    compared: str
    of_logits: Callable[[Array, HeadKind], Array]
    tolerance: float
    rounded: tuple[bool, ...]
    """The ways to run the graphs: as they are, and with the roundings that a CPU leaves out."""
    remedy: str = ""


GATES: Final[Mapping[Precision, Gate]] = {
    "fp32": Gate("logits", lambda logits, _: logits, TOLERANCE, (False,)),
    "fp16": Gate("values", values_of, TOLERANCE_FP16, (False, True), "; this model needs --precision fp32"),
}


@dataclass(frozen=True)
class Case:
    """One modality of a random clip: what the graph takes, what PyTorch takes masked by hand."""

    clip: Array
    player: Array
    keep: Array
    """bool [K, n]: none, all and random sub-masks."""
    baseline: float

    def masked(self, mask: int) -> Array:
        """The clip under one sub-mask, player by player."""
        out = self.clip.copy()
        for player in np.flatnonzero(~self.keep[mask]):
            where = self.player == player
            if out.ndim > where.ndim:  # pictures: cells of pixels
                size = out.shape[-1] // where.shape[-1]
                where = np.broadcast_to(where.repeat(size, 1).repeat(size, 2)[:, None], out.shape)
            out[where] = self.baseline
        return out


def measure_parity(model: SSEFT, folder: Path, *, precision: Precision = "fp32", seed: int = 0) -> float:
    """The largest absolute difference between what the graphs and PyTorch in float32 compute.

    Args:
        model: the model that was exported, in eval mode.
        folder: its graphs and `absent.npz`.
        precision: of the graphs: logits are compared in fp32, the values of the head (probabilities) in fp16.
        seed: of the clips and masks.

    Raises:
        ParityError: the difference is above the tolerance, or what the graphs return is no number; the message
            says where.
    """
    rng = np.random.default_rng(seed)
    tokens, samples = model.config.text.max_tokens - 2, model.config.audio.max_samples
    lengths = [(min(t, tokens), min(s, samples), frames) for t, s, frames in (*LENGTHS, (tokens, samples, 4))]
    clips = {f"lengths {clip}": _cases(model, clip, rng) for clip in lengths}
    there = {clip: {m: _encode(model, m, case) for m, case in cases.items()} for clip, cases in clips.items()}
    absent = absent_encodings(folder)
    expected = {case: _logits(model, encodings) for case, encodings in _with_absences(there, absent)}
    gate = GATES[precision]
    worst = 0.0
    for rounded in gate.rounded:
        here = _encode_by_graphs(folder, clips, gate, rounded=rounded)
        fusion = Sessions(folder, (*(pair_graph(x, y) for x, y in model.config.pairs), HEAD), rounded=rounded)
        for case, encodings in _with_absences(here, absent):
            worst = max(worst, _compare(gate, model.config.head, fusion.logits(encodings), expected[case], case))
    return worst


def _with_absences(
    clips: Mapping[str, Mapping[Modality, Array]], absent: Mapping[Modality, Array]
) -> Iterable[tuple[str, Mapping[Modality, Array]]]:
    """The encodings of each clip, then those of the clip without each of its modalities."""
    for clip, encodings in clips.items():
        yield clip, encodings
        for missing in encodings:
            yield f"{clip} without {missing}", {**encodings, missing: absent[missing]}


def _compare(gate: Gate, head: HeadKind, here: Array, there: Array, case: str) -> float:
    """The largest difference over a grid of logits [K_T, K_A, K_V, logits]."""
    _check_finite(gate, here, f"logits for {case}")
    differences = np.abs(gate.of_logits(here, head) - gate.of_logits(there, head)).max(axis=-1)
    refused = ~(differences <= gate.tolerance)
    if refused.any():
        index = tuple(int(i) for i in np.argwhere(refused)[0])
        raise ParityError(
            f"the graphs' {gate.compared} differ from PyTorch's by {differences[index]:.2e}, more than "
            f"{gate.tolerance:.0e}, for {case}, sub-masks {index}; no artefact was written{gate.remedy}"
        )
    return float(differences.max())


def _check_finite(gate: Gate, numbers: Array, what: str) -> None:
    if not np.isfinite(numbers).all():
        raise ParityError(f"the graphs' {what} hold nan or infinity; no artefact was written{gate.remedy}")


def _cases(model: SSEFT, lengths: tuple[int, int, int], rng: np.random.Generator) -> dict[Modality, Case]:
    """One random clip of the given lengths."""
    config = model.config
    tokens, samples, frames = lengths
    ids = rng.integers(3, config.text.vocab_size - 1, tokens + 2)
    ids[0], ids[-1] = config.text.bos_id, config.text.eos_id
    of_token = np.concatenate([[-1], np.arange(tokens) % PLAYERS["text"], [-1]])
    size = config.video.image_size
    cells = np.broadcast_to(np.arange(PLAYERS["video"]).reshape(4, 4), (frames, 4, 4)).copy()
    wave = rng.normal(0, 0.1, samples).astype(np.float32)
    clips: dict[Modality, tuple[Array, Array, float]] = {
        "text": (ids, of_token, config.text.mask_id),
        "audio": (wave, np.arange(samples) * PLAYERS["audio"] // samples, 0),
        "video": (rng.integers(0, 256, (frames, 3, size, size), dtype=np.uint8), cells, 0),
    }
    return {
        m: Case(clip, player, _sub_masks(PLAYERS[m], rng), baseline)
        for m, (clip, player, baseline) in clips.items()
        if m in config.modalities
    }


def _sub_masks(players: int, rng: np.random.Generator) -> Array:
    """None, all (so that the grid holds the empty, full and single-modality coalitions), and two random ones."""
    keep = rng.integers(0, 2, (4, players)).astype(bool)
    keep[0], keep[1] = False, True
    return keep


def _encode(model: SSEFT, modality: Modality, case: Case) -> Array:
    """PyTorch's encodings [K, L, d] of the clip, each sub-mask masked by hand and passed alone."""
    encodings = []
    with torch.no_grad():
        for mask in range(len(case.keep)):
            clip = torch.from_numpy(case.masked(mask))
            if modality == "text":
                encoding = model.encode_text(clip[None])
            elif modality == "audio":
                encoding = model.encode_audio(clip[None])
            else:
                encoding = model.encode_video(model.frame_features(clip / 255.0)[None])
            encodings.append(encoding[0].numpy())
    return np.stack(encodings)


def _logits(model: SSEFT, encodings: Mapping[Modality, Array]) -> Array:
    """PyTorch's logits [K_T, K_A, K_V, logits], one coalition at a time."""
    counts = [len(encodings[m]) if m in encodings else 1 for m in MODALITIES]
    logits = np.empty((*counts, model.config.logits), np.float32)
    for index in product(*map(range, counts)):
        masks = dict(zip(MODALITIES, index, strict=True))
        one = {m: torch.from_numpy(encoding[masks[m]][None]) for m, encoding in encodings.items()}
        with torch.no_grad():
            logits[index] = model(one).numpy()[0, 0, 0]
    return logits


def _encode_by_graphs(
    folder: Path, clips: Mapping[str, Mapping[Modality, Case]], gate: Gate, *, rounded: bool
) -> dict[str, dict[Modality, Array]]:
    """The graphs' encodings [K, L, d] of each clip, one modality after the other."""
    encodings: dict[str, dict[Modality, Array]] = {clip: {} for clip in clips}
    for modality, names in ENCODERS.items():
        cases = {clip: cases[modality] for clip, cases in clips.items() if modality in cases}
        if cases:
            encoder = Sessions(folder, names, rounded=rounded)
            for clip, case in cases.items():
                encodings[clip][modality] = encoder.encode(modality, case.clip, case.player, case.keep)
                _check_finite(gate, encodings[clip][modality], f"{modality} encodings of {clip}")
    return encodings
