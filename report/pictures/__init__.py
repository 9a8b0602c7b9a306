"""The four pictures of an explanation, from plain arrays, by matplotlib (extra `report`)."""
