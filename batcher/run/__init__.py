"""The main job: a collection explained into a result folder, over many workers, resumable at any moment."""

from batcher.run.config import ConfigError, RunConfig
from batcher.run.driver import explain_collection
from batcher.run.events import Event, Finished
from batcher.run.job import Run

__all__ = ["ConfigError", "Event", "Finished", "Run", "RunConfig", "explain_collection"]
