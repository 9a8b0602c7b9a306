"""The planted-trigger corpus: clips whose emotion is carried by what is known, where it is known (extra `corpus`)."""
