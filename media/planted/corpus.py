"""A corpus of planted clips: files and their manifest."""

import csv
import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Final

from media.errors import CorpusError
from media.planted.clip import CARRIERS, KINDS, LABELS, Kind, PlantedClip, make_clip
from media.planted.sentences import LANGUAGES, SPLITS, Split
from media.planted.speech import espeak_folders
from media.utterance import words_json

COLUMNS: Final = tuple(field.name for field in fields(PlantedClip))
"""Of the manifest; `words` and `trigger` are JSON."""


def make_corpus(
    folder: Path | str,
    *,
    clips: int,
    seed: int,
    split: Split = "train",
    kinds: Sequence[Kind] = KINDS,
    workers: int | None = None,
) -> Path:
    """Write clips (h264 and AAC in MP4) and their manifest.

    Args:
        folder: where; made if it isn't there.
        clips: how many.
        seed: of everything random; the same seed gives the same clips.
        split: whose sentences, faces and voices; the two share none.
        kinds: of the clips, in turn.
        workers: processes at a time; as many as there are processors where None.

    Returns:
        The path of `manifest.csv`.

    Raises:
        CorpusError: espeak-ng isn't installed, a label, language or split isn't known, or a neutral clip is to
            carry an emotion or another one none.
    """
    if split not in SPLITS:
        raise CorpusError(f"There is no split '{split}'. Take one of {SPLITS}.")
    for kind in kinds:
        _check(kind)
    espeak_folders()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(folder, index, kinds[index % len(kinds)], split, seed) for index in range(clips)]
    # A fresh process for each clip: espeak's lengths depend on what a process has spoken before. They are
    # forked from one that has imported everything, which alone would take longer than making a clip.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_imported_by_main(), make_clip.__module__])
    with context.Pool(workers or os.cpu_count(), maxtasksperchild=1) as pool:
        made = pool.starmap(make_clip, jobs, chunksize=1)
    manifest = folder / "manifest.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_row(clip) for clip in made)
    return manifest


def _imported_by_main() -> list[str]:
    """The modules that the running program imports from: each process would import them anew, as it runs its top.

    Preloading "__main__", as multiprocessing documents it, does nothing before Python 3.13.
    """
    values = vars(sys.modules["__main__"]).values()
    names = {value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", "") for value in values}
    return sorted(name for name in names if name in sys.modules and name != "__main__")


def _check(kind: Kind) -> None:
    if kind.label not in LABELS or kind.language not in LANGUAGES:
        raise CorpusError(
            f"There are no '{kind.label}' clips in '{kind.language}'. Take one of {LABELS} in one of {LANGUAGES}."
        )
    possible = ((),) if kind.label == "neutral" else CARRIERS
    if kind.carriers not in possible:
        raise CorpusError(f"A '{kind.label}' clip isn't carried by {kind.carriers}. Take one of {possible}.")


def _row(clip: PlantedClip) -> dict[str, object]:
    told = {"words": words_json(clip.words), "trigger": clip.trigger.to_json()}
    return {name: getattr(clip, name) for name in COLUMNS} | told
