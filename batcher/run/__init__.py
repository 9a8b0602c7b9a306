"""The main job: a collection explained into a result folder, over many workers, resumable at any moment."""

from batcher.run.config import ConfigError, RunConfig
from batcher.run.driver import Run, Summary, explain_collection
from batcher.run.events import Event

__all__ = ["ConfigError", "Event", "Run", "RunConfig", "Summary", "explain_collection"]
