"""What can go wrong with a result's files."""


class StoreError(Exception):
    """A result that can't be written, or a compaction's journal that can't be read."""


class TakenOverError(StoreError):
    """Another run has taken the result folder, or somebody removed it: this one's rows get in no more."""
