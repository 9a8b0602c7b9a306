"""Explanations per second, where the time goes, and how far it is from what the machine can do.

A real run, from a manifest to Parquet in a temporary folder; the stages are those of its `timings/` table.
Overhead is what of the workers' time no stage accounts for: starting Ray, loading the model, waiting, handing
clips over. Decoding has processes of its own beside the workers, so overhead may be negative where it is much.
The start lasts until the first committed unit began; without it, a long run's rate shows in a short one.

Then one clip in this process, graph by graph: FLOPs of its convolutions and matrix products, counted from the graphs
themselves, seconds, and the rate beside that of one large matrix product. Beside it, in turn with it, the thesis's
way, which computes every pad, and a black box, which pays the whole model for each coalition; how many coalitions
they need for the same error is what `bench.accuracy` found (--accuracy), or what two of its games tell now.
--published or --export adds the published size with random weights.
"""
