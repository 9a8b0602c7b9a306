import pytest

from batcher.run.machine import cores
from triton_models.deployment import Deployment, DeploymentOptions


@pytest.mark.parametrize("name", ["instances", "requests", "threads"])
def test_numbers_are_positive(name):
    with pytest.raises(ValueError, match=f"{name} is 0: give 1 or more"):
        Deployment("python", **{name: 0})


def test_tensorrt_is_the_containers():
    with pytest.raises(ValueError, match=r"'tensorrt', which NVIDIA's container has: use --target container, or cuda"):
        Deployment("python", device="tensorrt")


def test_what_isnt_said_follows_from_the_server():
    assert DeploymentOptions().on("container") == Deployment("container", "cuda", 1)
    assert DeploymentOptions().on("python") == Deployment("python", "cpu", max(1, cores()))
    assert DeploymentOptions(threads=cores()).on("python").instances == 1
    assert DeploymentOptions(device="cpu", instances=3).on("container") == Deployment("container", "cpu", 3)


def test_on_a_gpu_one_call_waits_while_others_are_computed():
    assert Deployment("python", instances=2).calls == 2
    assert Deployment("container", "cuda", instances=2).calls == 3
