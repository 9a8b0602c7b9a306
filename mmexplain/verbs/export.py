"""`export`: a model to an artefact, or to a model repository."""

from pathlib import Path

import click

from export.artefact import PRECISIONS, Precision
from mmexplain.exit import Exit
from mmexplain.options import Folder, deployment_options, needs_torch
from sseft.heads import HEAD_KINDS, HeadKind
from sseft.presets import PRESETS
from triton_models.deployment import DeploymentOptions


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Of the original SSE-FT code, or of `train`.")
@click.option("--untrained", type=click.Choice(list(PRESETS)), help="Random weights of this size instead.")
@click.option("--roberta", type=click.Path(path_type=Path), help="But this encoder: of fairseq or transformers.")
@click.option("--wav2vec", type=click.Path(path_type=Path), help="But this: wav2vec_large.pt, or a wav2vec 2.0 folder.")
@click.option("--fabnet", type=click.Path(path_type=Path), help="But this: FAb-Net's .pth.")
@click.option("--seed", default=0, show_default=True, help="Of the random weights.")
@click.option("--text-heads", type=click.IntRange(min=1), help="Of its RoBERTa.  [default: as its file or size tells]")
@click.option("--head", type=click.Choice(HEAD_KINDS), help="What its logits are.  [default: as the checkpoint says]")
@click.option(
    "--labels",
    help="Its classes, between commas, in the order of its logits.  "
    "[default: MELD's; sentiment for a score, IEMOCAP's four for binary]",
)
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path),
    help="Of its RoBERTa: a tokenizer.json, or a folder of transformers or fairseq.",
)
@click.option("--trailing-newline", is_flag=True, help="End every text with a line's end, as the original code did.")
@click.option("--precision", type=click.Choice(PRECISIONS), default="fp32", show_default=True, help="Of products.")
@click.option("--triton", type=Folder(), help="Write a model repository of the artefact here, too.")
@deployment_options
@needs_torch
def export(
    *,
    out: Path,
    triton: Path | None,
    deployment: DeploymentOptions,
    checkpoint: Path | None,
    untrained: str | None,
    roberta: Path | None,
    wav2vec: Path | None,
    fabnet: Path | None,
    seed: int,
    text_heads: int | None,
    head: HeadKind | None,
    labels: str | None,
    tokenizer: Path | None,
    trailing_newline: bool,
    precision: Precision,
) -> Exit:
    """Export a model to the artefact OUT, if its graphs agree with PyTorch.

    Without a model, --triton makes a model repository of the artefact that OUT is already.
    """
    if triton and checkpoint is None and untrained is None:
        return _write_repository(out, triton, deployment)
    if triton is None and deployment != DeploymentOptions():
        raise click.UsageError("--target, --device, --instances, --requests and --threads are of --triton: add it")
    if (checkpoint is None) == (untrained is None):
        raise click.UsageError("give either --checkpoint or --untrained")
    if checkpoint and (roberta or wav2vec or fabnet):
        raise click.UsageError("a checkpoint holds its encoders; --roberta, --wav2vec and --fabnet go with --untrained")
    if trailing_newline and tokenizer is None:
        raise click.UsageError("--trailing-newline is about texts, which need --tokenizer; token ids stay as they are")
    from mmexplain.exporting import Unrecorded, export_checkpoint, export_untrained  # noqa: PLC0415  # needs torch
    from sseft.pretrained.parts import Parts  # noqa: PLC0415  # as above

    names = tuple(label.strip() for label in labels.split(",")) if labels else None
    unrecorded = Unrecorded(text_heads, head, names, tokenizer, trailing_newline)
    if checkpoint:
        artefact = export_checkpoint(out, checkpoint, unrecorded, precision)
    else:
        parts = Parts(roberta, wav2vec, fabnet)
        artefact = export_untrained(out, str(untrained), unrecorded, seed=seed, parts=parts, precision=precision)
    compared = "logits" if artefact.precision == "fp32" else "values"
    click.echo(f"{out}: {artefact.provenance}; largest difference from PyTorch's {compared} {artefact.parity:.1e}")
    return _write_repository(out, triton, deployment) if triton else Exit.DONE


def _write_repository(artefact: Path, out: Path, deployment: DeploymentOptions) -> Exit:
    from triton_models.repository import write_repository  # noqa: PLC0415  # gRPC takes a third of a second to import

    try:
        settled = deployment.on(deployment.target or "container")
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    write_repository(artefact, out, settled)
    click.echo(f"{out}: for Triton ({settled.target}, {settled.device})")
    return Exit.DONE
