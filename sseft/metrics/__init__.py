"""How good a model's predictions are: pure numpy, the figures of MELD, IEMOCAP and MOSEI."""
