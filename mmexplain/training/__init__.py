"""The verbs `pretrain`, `train` and `ablate`: from collections and models to models, figures and logs. Needs torch."""
