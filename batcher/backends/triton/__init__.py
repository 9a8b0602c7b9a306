"""Triton: clips with their sub-masks go to servers, logits come back."""
