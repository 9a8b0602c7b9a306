"""How good predictions are, beside what explains them."""
