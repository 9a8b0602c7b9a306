"""The parts that SSE-FT is made of, each from its own published file."""
