import socket
from contextlib import ExitStack

import pytest

from batcher.backends import BackendError
from triton_models.endpoints import Endpoints


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("field", "option"), [("grpc", "--port"), ("http", "--http-port"), ("metrics", "--metrics-port")]
)
def test_a_taken_port_is_named_with_its_option(taken, field, option):
    endpoints = Endpoints(**({"grpc": 0, "http": 0, "metrics": 0} | {field: taken}))
    with pytest.raises(BackendError, match=rf"port {taken} of 127\.0\.0\.1 is taken: choose another {option} \(0 is"):
        endpoints.resolved()


def test_any_ports_are_three_that_are_free():
    ports = Endpoints(grpc=0, http=0, metrics=0).resolved().ports
    assert len(set(ports.values())) == 3
    with ExitStack() as held:
        for port in ports.values():
            held.enter_context(socket.create_server(("127.0.0.1", port)))


def test_a_port_that_is_given_stays(taken):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        free = other.getsockname()[1]
    assert Endpoints(grpc=free, http=None, metrics=0).resolved().grpc == free != taken


def test_two_uses_of_one_port_are_refused():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        free = other.getsockname()[1]
    with pytest.raises(BackendError, match=f"port {free} .*--http-port"):
        Endpoints(grpc=free, http=free, metrics=None).resolved()


def test_a_port_that_is_off_is_told_to_the_server():
    arguments = Endpoints(grpc=8001, http=None, metrics=None).arguments()
    assert arguments == ["--grpc-address=127.0.0.1", "--grpc-port=8001", "--allow-http=false", "--allow-metrics=false"]


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "grpc://127.0.0.1:8001"), ("0.0.0.0", "grpc://127.0.0.1:8001"), ("::", "grpc://[::1]:8001")],  # noqa: S104
)
def test_a_server_that_listens_everywhere_is_reached_at_home(host, url):
    assert Endpoints(host).url == url


@pytest.mark.parametrize(
    ("host", "message"), [("no.such.host.invalid", "is no address"), ("192.0.2.1", "can't listen")]
)
def test_a_host_that_isnt_this_machines_is_named(host, message):
    with pytest.raises(BackendError, match=message) as raised:
        Endpoints(host, grpc=0, http=None, metrics=None).resolved()
    assert host in str(raised.value)
    assert "--host" in str(raised.value)
