"""Whether a run is bounded: its memory flat and its pace the same, however many segments it has."""
