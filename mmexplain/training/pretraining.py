"""The verb `pretrain`: encoders from nothing, from a manifest of planted clips."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from export.artefact import TOKENIZER
from media.vocabulary import train_tokenizer
from mmexplain.training.log import Log
from mmexplain.training.outputs import FIGURES, MODEL, write_figures
from mmexplain.training.split import planted, read_split, with_sources
from sseft.presets import PRESETS
from sseft.saved import save_model
from sseft.training.fit import Epoch
from sseft.training.planted.pretraining import Pretraining, pretrain


def pretrain_planted(
    training: Path,
    out: Path,
    *,
    preset: str,
    options: Pretraining,
    workers: int,
    on_epoch: Callable[[Epoch], None],
) -> None:
    """Train encoders, and write `model.pt`, `tokenizer.json`, `figures.json` and the log.

    Args:
        training: a manifest of planted clips.
        out: a folder, made if it isn't there.
        preset: the model's size.
        options: how.
        workers: threads that decode.
        on_epoch: told about each epoch.

    Raises:
        CollectionError: the manifest can't be read, or a row lacks its text, a known label or its trigger.
        CorpusError: a trigger isn't what `mmexplain corpus` writes.
        MediaError: a clip can't be read.
    """
    config = PRESETS[preset]()
    split = read_split(training)
    # The last id of the vocabulary is <mask>, which no text holds.
    tokenizer = train_tokenizer(split.texts, size=config.text.mask_id)
    sources = with_sources(split, config, tokenizer, learnt_from=True).sources
    clips = planted(sources, "encoders are trained from nothing on clips that `mmexplain corpus` made")
    log = Log(out, goes_on=False)

    def note(epoch: Epoch) -> None:
        log.append(epoch)
        on_epoch(epoch)

    started = time.perf_counter()
    model = pretrain(config, clips, options, workers=workers, on_epoch=note)
    save_model(model, out / MODEL)
    tokenizer.save(str(out / TOKENIZER))
    figures = {"preset": preset, "options": asdict(options), "clips": len(clips)}
    write_figures(out / FIGURES, figures, seconds=time.perf_counter() - started)
