import pytest

from batcher.grid.calls import Slices
from bench.demo import MODEL
from bench.serving import __main__ as command
from bench.serving.__main__ import Settings
from bench.serving.rounds import Taken, taken_in_turn
from bench.serving.rows import LOCAL, MODELS, RATES, REQUESTS, model_rows, rate_rows, request_row
from bench.serving.served import Requests
from bench.serving.statistics import Spent, between, total


def test_a_way_is_compared_with_the_mean_of_before_and_after():
    compared = iter([2.0, 4.0, 6.0]).__next__
    taken = taken_in_turn(compared, {"a": lambda: 3.0, "b": lambda: 10.0})
    assert taken == {"a": Taken(3.0, 3.0), "b": Taken(10.0, 5.0)}
    assert (taken["a"].ratio, taken["b"].ratio) == (1.0, 0.5)


def test_a_ratio_is_the_median_of_its_rounds():
    rounds = [{"served": Taken(seconds, compared)} for seconds, compared in ((10, 8), (20, 19), (10, 9))]
    local, served = rate_rows(rounds, clips=4)
    assert (local.way, local.rate) == (LOCAL, 4 / 9)
    assert (served.rate, served.ratio, served.least, served.most) == (0.4, 0.9, 0.8, 0.95)


def test_what_was_spent_is_counted_between_two_moments():
    before, after = Spent(1, 2, 3, 4, 5, 6), Spent(2, 4, 6, 8, 10, 12)
    assert between({"head": before}, {"head": after, "explain": before}) == {"head": before, "explain": before}
    assert total([{"head": before}, {"head": before}]) == {"head": after}


REQUEST = Requests(
    client_s=10.0,
    models={
        "explain": Spent(2, whole_s=9, queue_s=1, input_s=0.5, infer_s=7, output_s=0.5),
        "head": Spent(8, whole_s=4, queue_s=2, input_s=0.4, infer_s=1.2, output_s=0.4),
        "text_encoder": Spent(),
    },
)


def test_transport_is_what_the_server_doesnt_see():
    row = request_row(4, [REQUEST, REQUEST])
    assert (row.client_s, row.transport_s, row.queue_s, row.infer_s) == (5.0, 0.5, 0.5, 3.5)


def test_a_graph_that_was_called_has_its_row():
    (head,) = model_rows(4, [REQUEST])
    assert (head.model, head.calls, head.queue_ms, head.infer_ms) == ("head", 4.0, 250.0, 150.0)
    assert head.clip_s == pytest.approx(1.0)


@pytest.mark.usefixtures("ray_cluster")
def test_a_server_a_process_and_ray_explain_the_same_clips(triton_environment, monkeypatch):
    monkeypatch.setattr(command, "measure_slices", lambda _: Slices())
    environment = triton_environment.python.parents[1]
    clips, masks = 3, 4
    settings = Settings(environment, clips, tokens=1, seconds=0.5, masks=masks, rounds=1, in_flight=(1, 2), actors=(1,))
    report = command.measure(MODEL, settings)
    rates = report.section(RATES).rows
    assert [row.way for row in rates] == [LOCAL, "1 in flight", "2 in flight", "Ray, 1 x 4 in flight"]
    assert all(row.rate > 0 for row in rates)
    for row in report.section(REQUESTS).rows:
        # What a clock says outside, less what another says inside: of next to nothing it may fall below 0.
        assert abs(row.transport_s) < row.client_s
        assert 0 < row.infer_s < row.client_s
    called = {(row.in_flight, row.model): row.calls for row in report.section(MODELS).rows}
    for in_flight in (1, 2):
        assert called[in_flight, "audio_encoder"] == called[in_flight, "text_encoder"] == 1.0
