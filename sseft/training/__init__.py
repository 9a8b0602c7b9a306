"""Training SSE-FT: fusion and head on what the encoders see, or the encoders along with them."""
