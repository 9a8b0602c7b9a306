"""Makes what ships in `mmexplain/demo/`: `python -m mmexplain.demo_assets`. Needs the extras train and corpus."""

import shutil
import sys
import tempfile
from pathlib import Path

from media.planted import make_corpus, sentences
from media.vocabulary import train_tokenizer
from mmexplain.exporting import export_untrained
from sseft.config import tiny

KINDS = [("joy", "en"), ("anger", "nl"), ("surprise", "en")]
DEMO = Path(__file__).parent / "demo"


def make_clips(folder: Path) -> None:
    """Three clips with planted triggers, and their manifest."""
    shutil.rmtree(folder, ignore_errors=True)
    make_corpus(folder, clips=len(KINDS), seed=1, kinds=KINDS)


def make_model(folder: Path) -> None:
    """A tiny artefact with random weights."""
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer = Path(scratch) / "tokenizer.json"
        # The last id of the vocabulary is <mask>, which no text holds.
        train_tokenizer(sentences(), size=tiny().text.mask_id).save(str(tokenizer))
        export_untrained(folder, "tiny", seed=0, tokenizer=tokenizer)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["clips", "model"]
    if "clips" in wanted:
        make_clips(DEMO / "clips")
    if "model" in wanted:
        make_model(DEMO / "model")
