"""The four pictures of an explanation, from plain arrays, by matplotlib (extra `report`)."""

try:
    import matplotlib as mpl  # noqa: F401  # every file here needs it
except ImportError as error:
    raise ImportError("pictures need matplotlib: pip install 'mmexplain[report]'") from error
