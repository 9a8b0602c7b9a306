import numpy as np
import pytest

import bench.peak
from batcher.backends.device import DeviceMemory
from bench.peak import REPEATS, measure_peak


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", np.float32), ("fp16", np.float16)])
def test_the_peak_is_a_products_flops_over_the_seconds_of_the_fastest(monkeypatch, precision, dtype):
    run, products, clock = DeviceMemory.run, [], iter(np.cumsum([0, 9, 1, 5, 1, 2] + [1, 7] * REPEATS).tolist())

    def noting(self, session, inputs):
        (product,) = run(self, session, inputs)
        products.append((np.asarray(product), [np.asarray(inputs[name]) for name in ("a", "b")]))
        return [product]

    monkeypatch.setattr(DeviceMemory, "run", noting)
    monkeypatch.setattr(bench.peak.time, "perf_counter", lambda: next(clock))
    assert measure_peak("cpu", precision, 16) == 2 * 16**3 / 2  # the third run takes 2 s, others 5 s, 7 s or 9 s
    assert len(products) == 1 + REPEATS
    for product, (a, b) in products:
        assert product.dtype == a.dtype == b.dtype == dtype
        np.testing.assert_allclose(product, a @ b, rtol=2e-2, atol=5e-2)
