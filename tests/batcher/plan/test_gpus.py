import pytest

from batcher.plan.gpus import gpu_costs


def test_hours_are_flop_over_what_the_gpus_reach():
    # An hour of two A100s at a quarter of 312 TFLOP/s.
    flop = 2 * 312e12 * 0.25 * 3600
    given = {"gpus": 2, "kind": "a100", "utilisation": 0.25, "decode_s": 7200.0, "estimate_s": 1800.0}
    found = gpu_costs(flop, precision="fp16", **given)
    assert (found.hours, found.decode_cores, found.estimate_cores) == pytest.approx((1, 2, 0.5))
    assert gpu_costs(flop, precision="fp32", **given).hours == pytest.approx(312 / 19.5)
