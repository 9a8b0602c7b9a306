"""From a checkpoint to a verified ONNX artefact. `export.artefact` needs no torch; the rest does."""
