"""Trying a server before a run: the right one passes, and what is wrong with another is said."""

from dataclasses import replace

import numpy as np
import pytest

from batcher.backends import BackendError
from batcher.backends.triton import trial
from batcher.backends.triton.addresses import Addresses
from batcher.backends.triton.server import ServerError
from batcher.backends.triton.trial import Trial
from batcher.grid.request import GridAnswer


@pytest.fixture(scope="module")
def of_model(model):
    return Trial.of(model)


class FakeServer:
    """Answers the trial as `answers` has it for its host: what it says of itself, and what it makes of the logits."""

    answers = None

    def __init__(self, host, _):
        self.host = host

    def served(self):
        said = self.answers[self.host][0]
        if isinstance(said, Exception):
            raise said
        return said

    def infer(self, *_):
        answer = self.answers[self.host][1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        pass


@pytest.fixture
def check(of_model, monkeypatch):
    """Tries servers that answer so."""
    expected = of_model.expected
    right = GridAnswer((expected.logits,), 0.0, 0.0, 0).arrays()
    serves = {"artefact": of_model.artefact.digest, "device": "cpu"}

    def build(*answers):
        hosts = tuple(f"host{i}:1" for i in range(len(answers)))
        filled = [(said or serves, right if made is None else made) for said, made in answers]
        monkeypatch.setattr(trial, "Server", FakeServer)
        monkeypatch.setattr(FakeServer, "answers", dict(zip(hosts, filled, strict=True)))
        return of_model.check(Addresses(hosts))

    build.serves, build.right = serves, right
    return build


def test_a_real_server_passes_and_says_its_device(of_model, pair):
    assert of_model.check(Addresses(tuple(patient.host for patient in pair))) == "cpu"
    of_model.check_url(f"grpc://{pair[0].host}")


def test_a_real_server_of_another_artefact_is_refused_with_both(of_model, pair):
    other = replace(of_model, artefact=replace(of_model.artefact, provenance="another"))
    digests = (of_model.artefact.digest[:12], other.artefact.digest[:12])
    assert digests[0] != digests[1]
    with pytest.raises(
        BackendError, match=r"serves another artefact \(.*\) than --model \(.*mmexplain export"
    ) as raised:
        other.check(Addresses((pair[0].host,)))
    assert all(text in str(raised.value) for text in (*digests, pair[0].host))


def test_nobody_is_out_of_reach(of_model, unused_host):
    with pytest.raises(BackendError, match=r"Start it \(`mmexplain serve`\), or correct --backend") as raised:
        of_model.check(Addresses((unused_host,)))
    assert unused_host in str(raised.value)


def test_all_servers_must_pass(check):
    assert check((None, None), (None, None)) == "cpu"
    with pytest.raises(BackendError, match="host1:1: dead"):
        check((None, None), (None, ServerError("host1:1: dead")))
    with pytest.raises(BackendError, match="host0:1: gone"):
        check((ServerError("host0:1: gone"), None), (None, None))


def test_servers_of_different_devices_dont_mix(check):
    with pytest.raises(BackendError, match=r"different devices, {'host0:1': 'cpu', 'host1:1': 'cuda'}"):
        check((None, None), (check.serves | {"device": "cuda"}, None))


def test_a_server_of_no_artefact_is_refused(check):
    with pytest.raises(BackendError, match=r"serves another artefact \(none\)"):
        check(({"device": "cpu"}, None))


@pytest.mark.parametrize("wrong", [{"logits": np.zeros_like}, {"logits": lambda right: 1.1 * right}])
def test_wrong_logits_are_no_server(check, wrong):
    with pytest.raises(BackendError, match=r"host0:1 infers wrongly: logits of up to .* numpy must be older than 2"):
        check((None, check.right | {name: change(check.right[name]) for name, change in wrong.items()}))


def test_logits_of_half_precision_pass(check):
    logits = check.right["logits"].astype(np.float16).astype(np.float32)
    assert (logits != check.right["logits"]).any()
    assert check((None, check.right | {"logits": logits})) == "cpu"


@pytest.mark.parametrize(
    "answer", [{}, {"logits": np.zeros((3, 3), np.float32), "cost": np.zeros(3)}, ValueError("refused")]
)
def test_what_is_no_answer_is_no_server(check, answer):
    with pytest.raises(BackendError, match="host0:1 answers as no model of this version does"):
        check((None, answer))
