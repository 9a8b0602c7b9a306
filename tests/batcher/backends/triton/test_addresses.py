import pytest

from batcher.backends.triton.addresses import Addresses, hosts_of, is_url


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("grpc://a:8001", ("a:8001",)),
        ("grpc://a:8001/", ("a:8001",)),
        ("grpc://a:8001,b:8002", ("a:8001", "b:8002")),
        ("grpc://a:8001, grpc://b:8002", ("a:8001", "b:8002")),
        ("grpcs://a.b.example:443,grpcs://127.0.0.1:1", ("a.b.example:443", "127.0.0.1:1")),
        ("grpc://[::1]:8001", ("[::1]:8001",)),
    ],
)
def test_a_url_names_servers(url, hosts):
    assert is_url(url)
    assert hosts_of(url) == hosts


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("grpc://", "''"),
        ("grpc://a", "'a'"),
        ("grpc://a:8001,", "''"),
        ("grpc://a:8001,b", "'b'"),
        ("grpc://:8001", "':8001'"),
        ("grpc://a:port", "'a:port'"),
        ("grpc://a:8001/v2", "'a:8001/v2'"),
        ("grpc://a:1,grpcs://b:2", "'grpcs://b:2'"),
    ],
)
def test_what_is_no_server_is_named_with_what_to_write(url, host):
    with pytest.raises(ValueError, match=r"is no server: write grpc://host:port, several between commas") as raised:
        hosts_of(url)
    assert str(raised.value).startswith(f"{host} of {url}")


@pytest.mark.parametrize("name", ["onnxruntime", "http://a:8000", "grpc:a:8001"])
def test_other_backends_are_no_url(name):
    assert not is_url(name)


@pytest.mark.parametrize(("field", "value"), [("in_flight", 0), ("tries", -1), ("timeout_s", 0.0)])
def test_numbers_are_positive(field, value):
    with pytest.raises(ValueError, match=f"{field} is {value}: give more than 0"):
        Addresses(("a:1",), **{field: value})
