"""The same segments by attention: runs the PyTorch model over what a result explains. Needs torch.

A modality's attention is what the CLS of the others gives to it in the last block of their inter-modality attention:
the mean over heads and over those others, summed over its tokens or frames. What falls on its CLS, `<s>` and `</s>` is
left out, as nobody says or shows them; what is left is divided by its sum over the modalities.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batcher.decode import clip_of
from batcher.players import text_players
from batcher.store.result import Result, ResultError
from export.artefact import Artefact, load_artefact
from media import Clip, MediaError
from media.modality import Modality
from report.explained import ExplainedSegment, explained_segments
from report.questions.agreement import Compared, rank_correlation
from report.questions.player_attention import player_attention
from report.source import source_segments
from report.words import values_of
from sseft.attention import ClipAttention, LastBlocks
from sseft.heads import values_of as values_of_logits
from sseft.pickles import CheckpointError

TOLERANCE: Final = 0.02
"""Of the values of a class: artefacts may be in fp16, and a checkpoint of another model is further off."""


def compare_all(result: Result, checkpoint: Path) -> Iterator[Compared | str]:
    """Both methods on every explained segment.

    Args:
        result: an open result; its collection, its artefact and their media must still be there.
        checkpoint: that the artefact was exported from.

    Yields:
        A comparison; or why there is none of a segment, with its name.

    Raises:
        ResultError: the checkpoint can't be read, is of another model, or of one modality.
        ArtefactError: the artefact can't be read.
    """
    folder = Path(result.run["artefact_folder"])
    artefact = load_artefact(folder)
    try:
        blocks = LastBlocks.load(checkpoint, labels=artefact.labels, head=artefact.head)
    except CheckpointError as error:
        raise ResultError(str(error)) from error
    if not blocks.model.config.pairs:
        raise ResultError(f"{checkpoint} has one modality, and attention between modalities takes two")
    ids = {row["segment_id"] for row in result.table("segments", ["segment_id"]).to_pylist()}
    sources = source_segments(result, ids)
    for explained in explained_segments(result):
        name = explained.segment_id
        if name not in sources:
            yield f"{name}: the collection no longer holds it"
            continue
        try:
            clip = clip_of(sources[name], artefact, folder)
        except MediaError as error:
            yield f"{name}: {error}"
            continue
        yield compare(explained, clip, blocks, artefact)


def compare(explained: ExplainedSegment, clip: Clip, blocks: LastBlocks, artefact: Artefact) -> Compared | str:
    """Both methods on a segment; or why there is no comparison.

    Raises:
        ResultError: the checkpoint gives other values than the result has.
    """
    contents = _contents(clip)
    lacking = [m for m in blocks.model.config.modalities if m not in contents]
    if lacking:
        return f"{explained.segment_id}: has no {' and no '.join(lacking)}"
    attention = blocks.attend({m: contents[m] for m in blocks.model.config.modalities})
    found = values_of_logits(attention.logits, artefact.head)
    if not np.allclose(found, explained.segment["p_all"], atol=TOLERANCE):
        raise ResultError(
            f"the checkpoint gives segment {explained.segment_id!r} {np.round(found, 3).tolist()}, and the result has "
            f"{np.round(explained.segment['p_all'], 3).tolist()}; give the one that the artefact was exported from"
        )
    shap = {m: share for m in blocks.model.config.modalities if (share := explained.share(m)[0]) is not None}
    if len(shap) < len(attention.others) or not sum(shap.values()):
        return f"{explained.segment_id}: its explanation has no shares of all its modalities"
    return Compared(
        segment_id=explained.segment_id,
        label=explained.label,
        programme=str(explained.segment["program_id"] or explained.segment["media"]),
        shap=shap,
        attention=attention_shares(attention, clip),
        token_order=_token_order(explained, attention, clip, blocks),
    )


def attention_shares(attention: ClipAttention, clip: Clip) -> dict[Modality, float]:
    """What each modality's content gets of the attention that falls on content."""
    masses = {modality: float(of.sum()) for modality, of in attention.others.items()}
    if "text" in masses and clip.text is not None:
        masses["text"] = float(attention.others["text"][text_players(clip.text).positions >= 0].sum())
    total = sum(masses.values())
    return {modality: mass / total for modality, mass in masses.items()}


def _token_order(explained: ExplainedSegment, attention: ClipAttention, clip: Clip, blocks: LastBlocks) -> float | None:
    players = explained.of("text")
    if clip.text is None or not players:
        return None
    those = text_players(clip.text)
    if those.n != len(players):  # words or phrases were explained, and attention is of tokens
        return None
    got = player_attention(attention.others["text"], those, "text", blocks.model.config.audio)
    phi, _ = values_of(players)
    return None if got is None else rank_correlation(np.abs(phi), got)


def _contents(clip: Clip) -> Mapping[Modality, NDArray[np.generic]]:
    contents: dict[Modality, NDArray[np.generic]] = {}
    if clip.text is not None:
        contents["text"] = clip.text.ids
    if clip.sound is not None:
        contents["audio"] = clip.sound.wave
    if clip.video is not None:
        contents["video"] = clip.video.frames
    return contents
