"""At equal encoder passes, how exact are the grid's estimates and those of other libraries?

Games of three modalities, each with the value of every coalition, so that Shapley values are known exactly. The
project's estimators see grids of K sub-masks of each modality, which cost K_T + K_A + K_V encoder passes. A library
sees a function of coalitions, each of which costs three passes. Libraries run with budgets that double until their
error is that of the first estimator at K = 64; what the cap leaves out is extrapolated, and marked.
"""
