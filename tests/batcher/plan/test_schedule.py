import pytest

from batcher.plan.schedule import makespan_s


@pytest.mark.parametrize(
    ("seconds", "workers", "unit", "expected"),
    [
        ([1, 2, 3], 1, 2, 6),
        ([1, 1, 1, 1], 2, 1, 2),
        ([1, 1, 1, 1, 1], 2, 1, 3),
        ([1, 1, 1, 1, 1], 2, 2, 3),
        # The third unit goes to whoever is first in line, before anyone knows that the first is long.
        ([9, 1, 1, 1], 2, 1, 10),
        ([5], 3, 8, 5),
    ],
)
def test_units_wait_for_the_worker_that_they_were_given_to(seconds, workers, unit, expected):
    assert makespan_s(seconds, workers=workers, unit=unit) == expected
