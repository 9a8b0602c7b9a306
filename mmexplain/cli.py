"""The command `mmexplain`. Every option is also an environment variable: MMEXPLAIN_<VERB>_<OPTION>."""

import sys
from importlib.metadata import version
from typing import Final

import click

from batcher.backends import BackendError
from batcher.collection import CollectionError
from batcher.run import ConfigError
from batcher.store.errors import StoreError
from batcher.store.result import ResultError
from export.artefact import ArtefactError
from media.errors import CorpusError, MediaError
from mmexplain.exit import Exit
from mmexplain.interrupt import MESSAGE, end_now, interruptible
from mmexplain.metrics import MetricsError
from mmexplain.verbs.compact import compact
from mmexplain.verbs.evaluate import evaluate_verb
from mmexplain.verbs.explain import DEMO, demo, explain
from mmexplain.verbs.export import export
from mmexplain.verbs.plan import plan
from mmexplain.verbs.pretrain import corpus, pretrain
from mmexplain.verbs.questions import questions
from mmexplain.verbs.report import report
from mmexplain.verbs.segment import segment
from mmexplain.verbs.serve import serve
from mmexplain.verbs.train import ablate_verb, train
from mmexplain.verbs.validate import validate

__all__ = ["DEMO", "cli", "main"]

BAD_INPUT: Final = (
    ArtefactError,
    CollectionError,
    ConfigError,
    CorpusError,
    MediaError,
    MetricsError,
    ResultError,
    StoreError,
)


@click.group(context_settings={"auto_envvar_prefix": "MMEXPLAIN", "help_option_names": ["-h", "--help"]})
@click.version_option(version("mmexplain"))
def cli() -> None:
    """Explain which words, half-seconds and parts of the picture carried an emotion, for whole collections."""


VERBS: Final = (
    segment,
    plan,
    explain,
    demo,
    validate,
    compact,
    report,
    questions,
    evaluate_verb,
    export,
    corpus,
    pretrain,
    train,
    ablate_verb,
    serve,
)

for verb in VERBS:
    cli.add_command(verb)


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        with interruptible():
            code = cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = Exit.BAD_INPUT
    except BAD_INPUT as error:
        click.echo(f"Error: {error}", err=True)
        code = Exit.BAD_INPUT
    except BackendError as error:
        click.echo(f"Error: {error}", err=True)
        code = Exit.NO_SERVER
    except (KeyboardInterrupt, click.Abort):
        click.echo(MESSAGE, err=True)
        end_now(Exit.INTERRUPTED)
    sys.exit(code)
