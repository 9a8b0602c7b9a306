"""What the command makes of options of servers, and which it refuses."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from batcher.backends.choice import BackendChoice
from batcher.backends.triton.addresses import Addresses, Tls
from mmexplain.options import run_options


@pytest.fixture
def choose():
    """The choice that options come to; None and the error where they are refused."""
    found = []

    @click.command()
    @run_options
    def verb(*, backend, **_):
        found.append(backend)

    def run(*options):
        found.clear()
        result = CliRunner().invoke(verb, [str(option) for option in options])
        return (found[0] if found else None), result.output, result.exit_code

    return run


@pytest.fixture
def pem(tmp_path):
    path = tmp_path / "ca.pem"
    path.touch()
    return path


def test_servers_of_a_url_are_addresses(choose):
    choice, *_ = choose("--backend", "grpc://a:1,b:2", "--in-flight", 7, "--tries", 3, "--timeout-s", 1.5)
    assert choice == BackendChoice("triton", addresses=Addresses(("a:1", "b:2"), None, 7, 3, 1.5))


def test_what_isnt_said_of_servers_is_as_by_default(choose):
    choice, *_ = choose("--backend", "grpc://a:1")
    assert choice == BackendChoice("triton", addresses=Addresses(("a:1",)))


def test_grpcs_is_by_tls(choose, pem):
    choice, *_ = choose("--backend", "grpcs://a:1")
    assert choice.addresses.tls == Tls()
    files = ("--tls-ca", pem, "--tls-certificate", pem, "--tls-key", pem)
    choice, *_ = choose("--backend", "grpcs://a:1", *files)
    assert choice.addresses.tls == Tls(Path(pem), Path(pem), Path(pem))


def test_a_backend_of_this_process_has_no_addresses(choose):
    choice, *_ = choose("--backend", "openvino", "--precision", "bf16", "--threads", 2)
    assert choice == BackendChoice("openvino", precision="bf16", threads=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--in-flight", 2), "--in-flight: onnxruntime has no servers"),
        (("--tries", 2, "--timeout-s", 3), "--tries, --timeout-s:"),
        (("--tls-ca", "PEM"), "--tls-ca:"),
        (("--backend", "grpc://a:1", "--device", "cuda"), "--device: servers say on what they compute: leave it out"),
        (("--backend", "grpc://a:1", "--tls-ca", "PEM"), "--tls-ca: it is of grpcs://"),
        (("--backend", "grpc://a:1", "--tls-key", "PEM"), "--tls-key: it is of grpcs://"),
        (("--backend", "grpc://a"), "'a' of grpc://a is no server: write grpc://host:port"),
        (("--backend", "http://a:1"), "'http://a:1' is none of onnxruntime, openvino, and no grpc://host:port"),
        (("--backend", "triton"), "'triton' is none of"),
        (("--backend", "grpc://a:1", "--in-flight", 0), "--in-flight"),
        (("--backend", "grpcs://a:1", "--tls-ca", "nowhere.pem"), "nowhere.pem"),
    ],
)
def test_an_option_of_another_backend_is_2_and_named(choose, pem, options, message):
    choice, said, code = choose(*(pem if option == "PEM" else option for option in options))
    assert (choice, code) == (None, 2)
    assert message in said
