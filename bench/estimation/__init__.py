"""What an explanation costs once the grid's logits are known: softmax, estimator and shares, on one thread.

A made-up segment of three modalities and seven classes, and one with a long text; designs are drawn beforehand. Beside
the time stands its floor: the products of matrices that it can't do without, at the rate of this machine's, and its
memory traffic. A second table sets it beside the encoders' time of a segment, of the shipped model and, with
--published or --export, of the published size with random weights.
"""
