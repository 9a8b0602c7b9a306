"""SSE-FT in PyTorch: what the model is."""
