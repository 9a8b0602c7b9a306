"""What can go wrong with a result's files."""


class StoreError(Exception):
    """A result that can't be written, or a compaction's journal that can't be read."""
