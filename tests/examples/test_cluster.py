"""The examples of docs/cluster: nobody ran them here, but their form and their commands can be checked."""

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from mmexplain.cli import cli
from mmexplain.metrics import Metrics

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "cluster.md"
FOLDER = ROOT / "docs" / "cluster"
EXAMPLES = ["Dockerfile", "compose.yaml", "kubernetes.yaml"]
ENDS = {"&&", "||", ";", "|", ">"}
"""Of a command, in a shell."""


def documents(name):
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def of_kind(kind):
    return [document for document in documents("kubernetes.yaml") if document["kind"] == kind]


def strings(node):
    """All strings of a YAML document; a list of words is one command."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        if node and all(isinstance(word, str) for word in node):
            yield shlex.join(node)
        for value in node:
            yield from strings(value)


def commands_of(text):
    """The words after each `mmexplain` of a text of shell commands."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        for place, word in enumerate(words):
            if word == "mmexplain":
                rest = words[place + 1 :]
                end = next((i for i, part in enumerate(rest) if part in ENDS), len(rest))
                yield tuple(rest[:end])


def commands():
    """Every command of the page and of the examples, where it stands."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    found = [(PAGE.name, words) for block in blocks for words in commands_of(block)]
    for name in ("compose.yaml", "kubernetes.yaml"):
        texts = {text for document in documents(name) for text in strings(document)}
        found += [(name, words) for text in sorted(texts) if "mmexplain " in text for words in commands_of(text)]
    return found


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_page_and_each_example_hold_a_run():
    runs = [name for name, words in commands() if words[0] == "explain"]
    assert {"cluster.md", "compose.yaml", "kubernetes.yaml"} <= set(runs)


@pytest.mark.parametrize(("name", "words"), commands(), ids=lambda value: value if isinstance(value, str) else value[0])
def test_commands_are_understood(name, words):
    verb, *arguments = words
    assert verb in cli.commands, name
    try:
        cli.commands[verb].make_context(verb, list(arguments))
    except click.UsageError as error:
        pytest.fail(f"{name}: mmexplain {shlex.join(words)}: {error.format_message()}")


def test_the_page_names_every_metric_of_a_run_and_no_other():
    families = Metrics().registry.collect()
    served = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    assert set(re.findall(r"mmexplain_\w+", PAGE.read_text())) == served


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_says_at_once_that_it_is_untested(name):
    assert (FOLDER / name).read_text().startswith("# UNTESTED: ")


def test_compose_starts_the_server_a_ray_and_the_run_in_that_order():
    (compose,) = documents("compose.yaml")
    services = compose["services"]
    assert set(services) == {"triton", "ray-head", "ray-worker", "explain"}
    assert services["explain"]["depends_on"]["triton"] == {"condition": "service_healthy"}
    assert services["ray-worker"]["depends_on"] == {"ray-head": {"condition": "service_healthy"}}
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
    for name in ("ray-head", "ray-worker", "explain"):  # a driver and its workers see the same paths
        assert services[name]["volumes"] == compose["x-batcher"]["volumes"]
        assert services[name]["image"] == compose["x-batcher"]["image"]


def test_kubernetes_has_a_server_its_service_a_ray_job_and_shared_volumes():
    kinds = [document["kind"] for document in documents("kubernetes.yaml")]
    assert kinds == ["PersistentVolumeClaim"] * 3 + ["Deployment", "Service", "RayJob"]
    assert all(claim["spec"]["accessModes"] == ["ReadWriteMany"] for claim in of_kind("PersistentVolumeClaim"))
    (service,), (server,) = of_kind("Service"), of_kind("Deployment")
    template = server["spec"]["template"]
    assert service["spec"]["selector"] == server["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    (container,) = template["spec"]["containers"]
    listened = {port["containerPort"] for port in container["ports"]}
    assert {port["port"] for port in service["spec"]["ports"]} == listened


def test_every_volume_that_is_mounted_is_there():
    claims = {claim["metadata"]["name"] for claim in of_kind("PersistentVolumeClaim")}
    for pod in pods():
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
        claimed = {v["persistentVolumeClaim"]["claimName"] for v in volumes.values() if "emptyDir" not in v}
        assert claimed <= claims


def pods():
    (server,), (job,) = of_kind("Deployment"), of_kind("RayJob")
    ray = job["spec"]["rayClusterSpec"]
    groups = [ray["headGroupSpec"], *ray["workerGroupSpecs"]]
    return [server["spec"]["template"]["spec"], *(group["template"]["spec"] for group in groups)]


def probes():
    (compose,), (server,) = documents("compose.yaml"), of_kind("Deployment")
    (container,) = server["spec"]["template"]["spec"]["containers"]
    inside = [container[f"{kind}Probe"]["exec"]["command"] for kind in ("startup", "readiness", "liveness")]
    return [compose["services"]["triton"]["healthcheck"]["test"][1:], *inside]


@pytest.mark.parametrize("probe", probes())
def test_a_probe_is_an_inference_and_fails_with_it(probe):
    assert probe[0] == "curl"
    assert "--fail" in probe
    assert probe[probe.index("--data") + 1] == "@/models/trial.json"
    assert probe[-1].endswith("/v2/models/explain/infer")


def test_workers_leave_processors_for_decoding():
    # A run on fewer is refused (batcher.run.ray_workers).
    given = {name: int(words[words.index("--workers") + 1]) for name, words in commands() if "--workers" in words}
    (compose,), (job,) = documents("compose.yaml"), of_kind("RayJob")
    (started,) = (word for word in compose["services"]["ray-worker"]["command"] if word.startswith("--num-cpus="))
    (group,) = job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    (container,) = group["template"]["spec"]["containers"]
    assert given["compose.yaml"] < int(started.removeprefix("--num-cpus="))
    assert given["kubernetes.yaml"] < group["replicas"] * int(container["resources"]["limits"]["cpu"])


def test_images_and_versions_are_those_of_this_project():
    images = {name: set(re.findall(r"image: (\S+)", (FOLDER / name).read_text())) for name in EXAMPLES[1:]}
    assert images["compose.yaml"] == images["kubernetes.yaml"]
    own, server = sorted(images["compose.yaml"])
    assert own == f"mmexplain:{project()['version']}"
    assert re.fullmatch(r"nvcr\.io/nvidia/tritonserver:\d\d\.\d\d-py3", server)
    assert own in (FOLDER / "Dockerfile").read_text()
    (job,) = of_kind("RayJob")
    assert job["spec"]["rayClusterSpec"]["rayVersion"] == pins()["ray"]


def test_the_server_computes_float32_in_full():
    (compose,), (server,) = documents("compose.yaml"), of_kind("Deployment")
    (container,) = server["spec"]["template"]["spec"]["containers"]
    assert compose["services"]["triton"]["environment"] == {"NVIDIA_TF32_OVERRIDE": "0"}
    assert container["env"] == [{"name": "NVIDIA_TF32_OVERRIDE", "value": "0"}]
