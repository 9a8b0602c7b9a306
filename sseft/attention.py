"""What a model attends to in its last blocks, position by position: what explanations are often replaced by.

SSE-FT has two places where a position's last say is weighed, and both are read, as means over heads:

- self-attention: the last block of the modality's own encoder. Its CLS attends to frames of sound and picture in the
  last self-attention block; in RoBERTa's last layer `<s>` attends to tokens.
- inter-modality attention: the last block of each stack in which another modality's CLS attends to this one; the mean
  over these modalities.

Attention says how much a position is looked at, not what for: it has no sign and knows no class.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from media.modality import Modality
from sseft.checkpoint import load_sseft
from sseft.fusion import InterModalityAttention, InterModalityBlock, SelfAttentionBlock
from sseft.heads import HeadKind
from sseft.model import SSEFT
from sseft.saved import is_saved, load_model
from sseft.terms import term_name

FloatArray = NDArray[np.float64]

PICTURES: Final = 64
"""Frames that FAb-Net takes at once."""


@dataclass(frozen=True, eq=False)
class ClipAttention:
    """What one pass over a clip attended to: by modality, float64 [L], of its tokens or frames without their CLS."""

    own: Mapping[Modality, FloatArray]
    """Self-attention."""
    others: Mapping[Modality, FloatArray]
    """Inter-modality attention; nothing in a model of one modality."""
    logits: FloatArray
    """[logits], of the same pass."""


class LastBlocks:
    """A PyTorch model whose last blocks are read.

    Args:
        model: in eval mode.
    """

    def __init__(self, model: SSEFT) -> None:
        self.model = model
        self._one_at_a_time = Lock()

    @classmethod
    def load(cls, checkpoint: Path, *, labels: tuple[str, ...], head: HeadKind) -> "LastBlocks":
        """Read a PyTorch model.

        Args:
            checkpoint: a model that `mmexplain train` wrote, or a checkpoint of the original code.
            labels: its classes, which the original's checkpoints don't tell.
            head: its kind.

        Raises:
            CheckpointError: it is neither, or has another head.
        """
        if is_saved(checkpoint):
            return cls(load_model(checkpoint))
        return cls(load_sseft(checkpoint, labels=labels, head=head))

    def attend(self, contents: Mapping[Modality, NDArray[Any]]) -> ClipAttention:
        """Run the model on a clip.

        Args:
            contents: of every modality of the model: token ids int64 [L], wave float32 [N] and frames uint8
                [F, 3, S, S].
        """
        with self._one_at_a_time, torch.no_grad():  # a hook sees the passes of all threads
            return self._attend(contents)

    def _attend(self, contents: Mapping[Modality, NDArray[Any]]) -> ClipAttention:
        model, config = self.model, self.model.config
        own: dict[Modality, FloatArray] = {}
        encodings: dict[Modality, Tensor] = {}
        for modality in config.modalities:
            encodings[modality], own[modality] = self._encode(modality, contents[modality])
        blocks = {xy: _last_block(model, *xy) for xy in config.directions}
        with _outputs({xy: block.query for xy, block in blocks.items()}) as queries:
            logits = model(encodings)
        crossed: dict[Modality, list[FloatArray]] = {}
        for (x, y), block in blocks.items():
            attention = cls_attention(queries[x, y].flatten(), block.key(encodings[y][0]), block.heads)
            crossed.setdefault(y, []).append(_of_content(attention, y))
        others = {y: np.mean(found, axis=0) for y, found in crossed.items()}
        return ClipAttention(own, others, logits[0, 0, 0].double().numpy())

    def _encode(self, modality: Modality, content: NDArray[Any]) -> tuple[Tensor, FloatArray]:
        """The encoding [1, L, d] of a modality, and its self-attention [L], both without a CLS where it adds one."""
        if modality == "text":
            return self._encode_text(torch.from_numpy(content)[None])
        if modality == "audio":
            features = self.model.wav2vec(torch.from_numpy(content)[None])
            encoder = self.model.audio
        else:
            features = self._frame_features(content)
            encoder = self.model.video
        block = cast("SelfAttentionBlock", encoder.blocks[-1])
        with _outputs({"in_proj": block.in_proj}) as found:
            encoding = encoder(features)
        query, key, _ = found["in_proj"][0].chunk(3, -1)
        return encoding, _of_content(cls_attention(query[0], key, block.heads), modality)

    def _encode_text(self, ids: Tensor) -> tuple[Tensor, FloatArray]:
        attention = cast("Any", self.model.text.roberta.encoder.layer[-1]).attention.self
        with _outputs({"query": attention.query, "key": attention.key}) as found:
            encoding = self.model.encode_text(ids)
        heads = self.model.config.text.heads
        return encoding, _of_content(cls_attention(found["query"][0, 0], found["key"][0], heads), "text")

    def _frame_features(self, frames: NDArray[np.uint8]) -> Tensor:
        """Features [1, F, d_v] of frames [F, 3, S, S]."""
        parts = torch.from_numpy(frames).split(PICTURES)
        return torch.cat([self.model.frame_features(part.float() / 255) for part in parts])[None]


def cls_attention(query: Tensor, keys: Tensor, heads: int) -> Tensor:
    """How a query [d] divides its attention over keys [L, d]: [L], the mean over heads, which adds up to 1."""
    by_head = (heads, -1)
    scores = torch.einsum("hd,lhd->hl", query.unflatten(-1, by_head), keys.unflatten(-1, by_head))
    return torch.softmax(scores * (len(query) // heads) ** -0.5, -1).mean(0)


def _last_block(model: SSEFT, x: Modality, y: Modality) -> InterModalityBlock:
    stack = cast("InterModalityAttention", model.attention[term_name(x, y)])
    return cast("InterModalityBlock", stack.blocks[-1])


@contextmanager
def _outputs(modules: Mapping[Any, nn.Module]) -> Iterator[dict[Any, Tensor]]:
    """What modules return while the context lasts, by their keys."""
    found: dict[Any, Tensor] = {}

    def keeper(key: Any) -> Any:
        def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            found[key] = output

        return keep

    handles = [module.register_forward_hook(keeper(key)) for key, module in modules.items()]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _of_content(attention: Tensor, modality: Modality) -> FloatArray:
    """Attention to what the clip holds: of sound and picture without the CLS in front, which belongs to no player."""
    content = attention if modality == "text" else attention[1:]
    return content.double().numpy()
