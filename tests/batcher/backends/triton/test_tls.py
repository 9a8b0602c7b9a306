"""A server by TLS: it takes the authority that signed it, and says what is wrong without."""

import shutil
import subprocess

import pytest

from batcher.backends import BackendError
from batcher.backends.choice import BackendChoice
from batcher.backends.triton.addresses import Addresses, Tls
from batcher.backends.triton.server import Server, ServerError
from batcher.run import Run, explain_collection
from triton_models.server import TritonServer


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate that this machine signed for itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "ca.pem", folder / "key.pem"
    openssl = shutil.which("openssl")
    assert openssl
    made = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", certificate)
    named = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    subprocess.run([openssl, *made, *named], check=True, capture_output=True)  # noqa: S603  # our own command
    return certificate, key


@pytest.fixture(scope="module")
def secured(demo_setup, authority, eventually):
    """The address of a server that is reached by TLS alone."""
    certificate, key = authority
    given = ("--grpc-use-ssl=1", f"--grpc-server-cert={certificate}", f"--grpc-server-key={key}")
    setup = demo_setup(arguments=given)
    server = TritonServer(setup)
    client = Server(setup.endpoints.address, Addresses((), Tls(certificate)))

    def answers():
        assert server.process.poll() is None, server.errors()
        try:
            client.served()
        except ServerError:
            return False
        return True

    try:
        eventually(answers, 60)
        yield setup.endpoints.address
    finally:
        client.close()
        server.kill()


def test_a_run_by_tls_explains_as_in_this_process(
    secured, authority, mmexplain_in_process, finished, rows_of, tmp_path
):
    code, err = mmexplain_in_process(
        *("explain", finished.manifest, "--model", finished.artefact, "--out", tmp_path / "out", "--workers", 0),
        *("--masks", finished.options.masks, "--max-masks", finished.options.max_masks, "--video-players", "time"),
        *("--backend", f"grpcs://{secured}", "--tls-ca", authority[0]),
    )
    assert code == 0, err
    found, expected = ([row["phi"] for row in rows_of(out)["attributions"]] for out in (tmp_path / "out", finished.out))
    assert found == pytest.approx(expected, abs=1e-6, rel=0)


@pytest.mark.parametrize("tls", [Tls(), None])
def test_without_the_authority_a_server_by_tls_is_a_clear_error(secured, finished, tmp_path, tls):
    addresses = Addresses((secured,), tls, timeout_s=10)
    run = Run(
        finished.manifest,
        finished.artefact,
        tmp_path / "out",
        finished.options,
        backend=BackendChoice("triton", addresses=addresses),
        workers=0,
    )
    with pytest.raises(BackendError, match=r"Start it \(`mmexplain serve`\), or correct --backend") as raised:
        explain_collection(run)
    assert secured in str(raised.value)
    if tls:
        assert "CERTIFICATE_VERIFY_FAILED" in str(raised.value)
    assert not run.out.exists()
