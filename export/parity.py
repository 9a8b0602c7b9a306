"""The parity gate: the graphs' logits against PyTorch's, over masks and lengths where exports go wrong.

PyTorch sees inputs that were masked by hand, one coalition at a time, so that the masks inside the graphs are
checked as well as the arithmetic.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from export.artefact import HEAD, absent_encodings, pair_graph
from media.modality import MODALITIES, Modality
from sseft.config import pairs_of, term_name
from sseft.model import SSEFT

Array = NDArray[Any]

TOLERANCE: Final = 1e-4
"""Largest difference of a logit from PyTorch's in float32."""

LENGTHS: Final = ((1, 1, 1), (2, 400, 2), (7, 8_000, 3), (20, 33_333, 11))
"""(tokens between `<s>` and `</s>`, samples, frames) of the gate's clips; the longest that the model takes follows."""

PLAYERS: Final[Mapping[Modality, int]] = {"text": 5, "audio": 3, "video": 16}


class ParityError(Exception):
    """Graphs whose logits differ from PyTorch's."""


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


def measure_parity(model: SSEFT, folder: Path, *, seed: int = 0) -> float:
    """The largest absolute difference between the logits of the graphs and those of PyTorch.

    Args:
        model: the model that was exported, in eval mode.
        folder: its graphs and `absent.npz`.
        seed: of the clips and masks.

    Raises:
        ParityError: the difference is above `TOLERANCE`, or not a number; the message says where.
    """
    graphs = Sessions(folder)
    rng = np.random.default_rng(seed)
    absent = absent_encodings(folder)
    worst = 0.0
    longest = (model.config.text.max_tokens - 2, model.config.audio.max_samples, 4)
    for lengths in (*LENGTHS, longest):
        cases = _cases(model, lengths, rng)
        here = {m: graphs.encode(m, case) for m, case in cases.items()}
        there = {m: _encode(model, m, case) for m, case in cases.items()}
        worst = max(worst, _compare(model, graphs, here, there, f"lengths {lengths}"))
        for missing in model.config.modalities:
            stand_in = {missing: absent[missing]}
            worst = max(
                worst,
                _compare(model, graphs, here | stand_in, there | stand_in, f"{lengths} without {missing}"),
            )
    return worst


def _compare(
    model: SSEFT, graphs: "Sessions", here: Mapping[Modality, Array], there: Mapping[Modality, Array], case: str
) -> float:
    """The largest difference over the grid of all sub-masks of one clip."""
    grid = graphs.logits(here)
    worst = 0.0
    counts = [range(len(there[m])) if m in there else range(1) for m in MODALITIES]
    for index in product(*counts):
        masks = dict(zip(MODALITIES, index, strict=True))
        one = {m: torch.from_numpy(encoding[masks[m]][None]) for m, encoding in there.items()}
        with torch.no_grad():
            expected = model(one).numpy()[0, 0, 0]
        difference = float(np.abs(grid[index] - expected).max())
        if not difference <= TOLERANCE:
            raise ParityError(
                f"the graphs' logits differ from PyTorch's by {difference:.2e}, more than {TOLERANCE:.0e}, for "
                f"{case}, sub-masks {index}; no artefact was written"
            )
        worst = max(worst, difference)
    return worst


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


class Sessions:
    """The graphs of a folder in ONNX Runtime on the CPU, without any slicing."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.sessions = {
            path.stem: onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            for path in folder.glob("*.onnx")
        }

    def run(self, name: str, *inputs: Array) -> list[Array]:
        """Run a graph on its inputs in their order."""
        session = self.sessions[name]
        outputs: list[Array] = session.run(
            None, {node.name: value for node, value in zip(session.get_inputs(), inputs, strict=True)}
        )
        return outputs

    def encode(self, modality: Modality, case: Case) -> Array:
        """Encodings [K, L, d] of one modality."""
        if modality == "video":
            features = self.run("video_frames", case.clip, case.player, case.keep)[0]
            return self.run("video_encoder", features)[0]
        return self.run(f"{modality}_encoder", case.clip, case.player, case.keep)[0]

    def logits(self, encodings: Mapping[Modality, Array]) -> Array:
        """Logits [K_T, K_A, K_V, classes] of the grid."""
        terms: dict[str, Array] = {m: encoding[:, 0] for m, encoding in encodings.items()}
        present = [m for m in MODALITIES if m in encodings]
        for x, y in pairs_of(present):
            both = self.run(pair_graph(x, y), encodings[x], encodings[y])
            terms[term_name(x, y)], terms[term_name(y, x)] = both
        return self.run(HEAD, *(terms[node.name] for node in self.sessions[HEAD].get_inputs()))[0]
