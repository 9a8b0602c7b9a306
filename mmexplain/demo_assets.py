"""Makes what ships in `mmexplain/demo/`: `python -m mmexplain.demo_assets`. Needs the extras train and corpus."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

import click

from export.artefact import TOKENIZER
from media.planted.clip import Kind
from media.planted.corpus import make_corpus
from mmexplain.exporting import Unrecorded, export_checkpoint
from mmexplain.training.base import BaseOptions
from mmexplain.training.finetuning import Tell, finetune
from mmexplain.training.options import Data, Machine, TrainingOptions
from mmexplain.training.outputs import MODEL
from mmexplain.training.pretraining import pretrain_planted
from sseft.training.planted.pretraining import Pretraining
from sseft.training.recipes import PLANTED

DEMO: Final = Path(__file__).parent / "demo"
TRAINING_CLIPS: Final = 2058
HELD_OUT_CLIPS: Final = 294
CLIPS_SEED: Final = 311
"""With which the sentences of the shipped clips are least alike."""
KINDS: Final = (
    Kind("joy", "en", ("text",)),
    Kind("anger", "nl", ("audio",)),
    Kind("surprise", "en", ("video",)),
    Kind("sadness", "nl", ("text", "audio")),
    Kind("neutral", "en", ()),
    Kind("fear", "en", ("audio",)),
    Kind("disgust", "nl", ("video",)),
    Kind("joy", "nl", ("audio", "video")),
    Kind("anger", "en", ("text", "audio", "video")),
    Kind("surprise", "nl", ("text",)),
    Kind("neutral", "nl", ()),
    Kind("disgust", "en", ("text", "video")),
)


def make_clips(folder: Path) -> None:
    """Twelve clips of all labels in both languages, none of them seen in training, and their manifest."""
    shutil.rmtree(folder, ignore_errors=True)
    make_corpus(folder, clips=len(KINDS), seed=CLIPS_SEED, split="test", kinds=KINDS)


def make_model(folder: Path, training: Path) -> None:
    """Train the tiny model on planted clips, and export it."""
    with tempfile.TemporaryDirectory() as scratch:
        seen = make_corpus(Path(scratch) / "train", clips=TRAINING_CLIPS, seed=0, split="train")
        unseen = make_corpus(Path(scratch) / "test", clips=HELD_OUT_CLIPS, seed=1, split="test")
        encoders = Path(scratch) / "encoders"
        pretrain_planted(seen, encoders, preset="tiny", options=Pretraining(), workers=2, on_epoch=click.echo)
        options = TrainingOptions(BaseOptions(encoders / MODEL), PLANTED, keep_fusion=True, maskings=True)
        tell = Tell(click.echo, click.echo, lambda split, reasons: click.echo(f"{split}: {reasons}"))
        finetune(Data(seen, unseen), training, options, Machine(workers=2), tell)
    export_model(folder, training)


def export_model(folder: Path, training: Path) -> None:
    """Export the model that was trained."""
    shutil.rmtree(folder, ignore_errors=True)
    export_checkpoint(folder, training / MODEL, Unrecorded(tokenizer=training / TOKENIZER))


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["clips", "model"]
    if "clips" in wanted:
        make_clips(DEMO / "clips")
    if "model" in wanted:
        make_model(DEMO / "model", DEMO / "training")
