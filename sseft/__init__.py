"""SSE-FT in PyTorch: what the model is. `sseft.config` needs no torch."""
