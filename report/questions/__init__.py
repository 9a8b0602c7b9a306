"""The thesis's questions to a result: what decides, for which labels, and whether attention says the same."""
