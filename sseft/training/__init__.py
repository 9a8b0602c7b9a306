"""Training SSE-FT from nothing on planted clips: the encoders first, then, with these frozen, fusion and head."""
