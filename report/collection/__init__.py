"""Questions to a whole result: how much came from each modality, for which segments, labels, programmes and times."""
