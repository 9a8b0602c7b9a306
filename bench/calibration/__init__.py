"""Do intervals hold what they promise, and are shares without bias?

Games whose Shapley values are known exactly, each estimated many times from grids of K sub-masks of each modality, or
from a part of their points. Of the 95 % intervals of phi and of shares: how often they hold the truth. Of shares: how
far the mean over all seeds is from the truth, as they are and corrected for noise. And whether noise adds to |phi| or
phi is shrunk, which decides what the correction has to undo (`batcher.shares`).
"""
