"""What every way of explaining does in a round."""

from dataclasses import dataclass
from pathlib import Path

from batcher.backends import Backend
from batcher.explain import explain_clip
from batcher.options import Options
from batcher.plan.size import Size
from bench.night.clips import made_up_clip
from export.artefact import Artefact
from media import Clip


@dataclass(frozen=True)
class Work:
    """Clips of one size, all different, and how they are explained."""

    model: Path
    size: Size
    clips: int
    options: Options

    def made_up(self, artefact: Artefact) -> list[Clip]:
        """The clips."""
        return [self.clip(i, artefact) for i in range(self.clips)]

    def clip(self, index: int, artefact: Artefact) -> Clip:
        """One of them."""
        return made_up_clip(self.size, artefact, seed=index)

    def explain(self, clip: Clip, index: int, backend: Backend) -> None:
        """Explain one of them."""
        explain_clip(clip, str(index), backend, self.options)
