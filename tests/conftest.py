"""What the tests of several packages share: the shipped artefact and clips, short segments of them, and Ray."""

import json
import logging
import os
import shutil
import time
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from threadpoolctl import threadpool_limits

import mmexplain
from batcher.backends.onnxruntime import OnnxRuntimeBackend
from batcher.collection import read_collection
from batcher.decode import clip_of
from batcher.explain import explain_clip
from batcher.grid import Grid
from batcher.grid.calls import Slices
from batcher.options import Options
from batcher.run import Run, explain_collection
from batcher.store.schema import TABLES
from export.artefact import load_artefact
from sseft.heads import logit_count
from triton_models.environment import environment_in

DEMO = Path(mmexplain.__file__).parent / "demo"
CHEAP = Options(masks=8, max_masks=8, video_players="time")
ENCODERS = ("model_text2vec.", "model_wav2vec.", "model_vid2vec.")
PAD = 1
MAX_SAMPLES = 150_000
SPANS_MS = [(0, 400), (400, 800), (800, 1200), (1200, 1600)]


@pytest.fixture(scope="session", autouse=True)
def _one_thread_of_linear_algebra():
    # Arrays here are small, and threads would mostly wait for one another.
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(scope="session", autouse=True)
def _same_slices():
    """Rows of two runs that measure each for itself may differ in their last digits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("batcher.run.measured.measure_slices", lambda *_: Slices())
        yield


@pytest.fixture(scope="session")
def triton_environment():
    """The real model server's environment. Skipped without one, its tests would be missed by nobody."""
    folder = Path(os.environ.get("MMEXPLAIN_TRITON", Path(__file__).parents[1] / ".triton"))
    if not folder.is_dir():
        pytest.fail(f"{folder} doesn't exist: build it with `make triton`, or name another by MMEXPLAIN_TRITON")
    return environment_in(folder)


@pytest.fixture(scope="session")
def double_repository():
    """A model repository of one model, in two instances, that doubles its input."""
    return Path(__file__).parent / "data" / "double_repository"


@pytest.fixture(scope="session")
def eventually():
    """Waits until something is so."""

    def wait(so, seconds=30):
        end = time.monotonic() + seconds
        while not so():
            assert time.monotonic() < end
            time.sleep(0.05)

    return wait


@pytest.fixture(scope="session")
def model():
    return DEMO / "model"


@pytest.fixture
def untrained_model(model, tmp_path):
    """The shipped artefact, said to be untrained."""
    folder = shutil.copytree(model, tmp_path / "untrained")
    described = json.loads((folder / "artefact.json").read_text())
    (folder / "artefact.json").write_text(json.dumps(described | {"trained": False}))
    return folder


@pytest.fixture(scope="session")
def demo_manifest():
    return DEMO / "clips" / "manifest.csv"


@pytest.fixture(scope="session")
def artefact(model):
    return load_artefact(model)


@pytest.fixture(scope="session")
def backend(model):
    return OnnxRuntimeBackend.load(model)


@pytest.fixture(scope="session")
def demo_segments(demo_manifest):
    return list(read_collection(demo_manifest))


@pytest.fixture(scope="session")
def cheap():
    """Options with which half a second costs 30 ms."""
    return CHEAP


@pytest.fixture(scope="session")
def segment(demo_segments):
    """400 ms of the first clip: 13 tokens (digits, of which no tokenizer makes more), one sound player, 10 frames."""
    return replace(demo_segments[0], start_ms=1000.0, end_ms=1400.0, text="1234567890123")


@pytest.fixture(scope="session")
def clip(segment, artefact, model):
    return clip_of(segment, artefact, model)


@pytest.fixture(scope="session")
def explained_whole(clip, backend, cheap):
    """Probabilities [C] of the clip with nothing masked, as a run finds them."""
    return explain_clip(clip, "a", backend, cheap).p_all


@pytest.fixture(scope="session")
def short_rows(demo_segments):
    """Manifest rows of short segments of the demo, `number` of them."""

    def rows(number):
        places = [(s, span) for span in SPANS_MS for s in demo_segments[:3]]
        return [
            {
                "segment_id": f"{i:02}_{s.segment_id}",
                "media": str(s.path),
                "start_ms": start_ms,
                "end_ms": end_ms,
                "text": s.text,
                "language": s.language,
                "label": s.label,
                "scene": f"s{i % 3}",
            }
            for i, (s, (start_ms, end_ms)) in enumerate(places[:number])
        ]

    return rows


@pytest.fixture(scope="session")
def write_manifest():
    def write(path, rows):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write


@pytest.fixture(scope="session")
def finished(tmp_path_factory, short_rows, write_manifest, model):
    """A run over three segments; read it, or take a copy."""
    folder = tmp_path_factory.mktemp("finished")
    manifest = write_manifest(folder / "manifest.jsonl", short_rows(3))
    run = Run(manifest, model, folder / "out", options=CHEAP, workers=0)
    explain_collection(run)
    return run


@pytest.fixture
def result_copy(finished, tmp_path):
    """A copy of that result, to damage."""
    return shutil.copytree(finished.out, tmp_path / "result")


@pytest.fixture(scope="session")
def rows_of():
    """The rows of a result's tables that must be identical from run to run, sorted."""

    def read(folder):
        found = {}
        for name in TABLES.keys() - {"timings"}:
            rows = []
            for path in (folder / name).glob("part-*.parquet"):
                rows += pq.read_table(path, schema=TABLES[name]).to_pylist()
            found[name] = sorted(rows, key=_order)
        return found

    return read


def _order(row):
    return (row["segment_id"], row.get("label") or "", row.get("modality") or "", row.get("player") or 0)


@dataclass
class FakeBackend:
    """Stands for a model: its logits are random numbers, drawn alike for the same sub-masks."""

    artefact: object
    folder: Path = Path()
    asked: list = field(default_factory=list)
    """The inputs of each grid that was asked for."""

    def grid(self, inputs):
        self.asked.append(inputs)
        shape = [len(inputs[m].keep) if m in inputs else 1 for m in ("text", "audio", "video")]
        width = logit_count(self.artefact.head, len(self.artefact.labels))
        logits = np.random.default_rng(0).normal(size=(*shape, width))
        return Grid(logits.astype(np.float32), 0.0, 0.0, 0)


@pytest.fixture
def fake_backend(artefact):
    def build(**changes):
        return FakeBackend(replace(artefact, **changes))

    return build


@pytest.fixture(scope="session")
def real_clips():
    folder = os.environ.get("MMEXPLAIN_TEST_MEDIA")
    if not folder:
        pytest.skip("MMEXPLAIN_TEST_MEDIA names no folder of real clips")
    return Path(folder)


@pytest.fixture(scope="session")
def reference():
    """Tensors of the original code; its README says what is in it."""
    return Path(__file__).parent / "data" / "reference"


@pytest.fixture(scope="session")
def reference_checkpoint(reference, tmp_path_factory):
    """The path of one of the original's checkpoints: `all`, `t` or `av`."""
    import torch  # noqa: PLC0415  # two seconds, which tests without it needn't wait for

    from sseft.checkpoint import read_checkpoint  # noqa: PLC0415  # as above

    folder = tmp_path_factory.mktemp("checkpoints")

    @cache
    def path_of(variant):
        path = reference / f"tiny_{variant}.pt"
        if variant == "all":
            return path
        # The file holds what it doesn't share with the whole model.
        _, shared = read_checkpoint(reference / "tiny_all.pt")
        args, own = read_checkpoint(path)
        encoders = {name: value for name, value in shared.items() if name.startswith(ENCODERS)}
        torch.save({"args": args, "model": encoders | own}, folder / path.name)
        return folder / path.name

    return path_of


@dataclass(frozen=True)
class ReferenceCase:
    """A clip without padding, and what the original made of it."""

    ids: np.ndarray
    wave: np.ndarray
    logits: np.ndarray
    pictures: np.ndarray | None = None
    """uint8 [F, 3, 256, 256]."""
    features: np.ndarray | None = None
    """[F, d_v], where a case has them instead of its pictures."""


@pytest.fixture(scope="session")
def reference_cases(reference):
    """All clips that ship with the logits of a variant."""

    def cases(variant):
        clip = np.load(reference / "clip.npz")
        pictures = clip["pictures"].transpose(0, 3, 1, 2)
        found = [ReferenceCase(clip["ids"], clip["wave"], clip[f"logits_{variant}"], pictures)]
        for name in ("masked", "short") if variant == "all" else ():
            case = np.load(reference / f"{name}.npz")
            for b, logits in enumerate(case["logits"]):
                ids = case["ids"][b]
                wave = case["waves"][case["wave_of"][b], : case["samples"][b]]
                features = case["features"][b, : case["frames"][b]]
                found.append(ReferenceCase(ids[ids != PAD], wave, logits, features=features))
        return found

    return cases


WHOLE_CASES = [
    ("empty_text", "tiny_all"),
    ("masked_audio", "tiny_all"),
    ("masked_text", "tiny_all"),
    ("padded_batch", "tiny_all"),
    ("short_audio", "tiny_all"),
    ("padded_batch", "tiny_all_legacy_format"),
    ("variant_t", "tiny_t"),
    ("variant_av", "tiny_av"),
]


@pytest.fixture(scope="session", params=WHOLE_CASES, ids=".".join)
def whole_reference(request):
    """A checkpoint as the original wrote it, and all clips of one of the original's cases."""
    folder = os.environ.get("MMEXPLAIN_TEST_REFERENCE")
    if not folder:
        pytest.skip("MMEXPLAIN_TEST_REFERENCE names no folder of the original's tensors")
    name, checkpoint = request.param
    case = dict(np.load(Path(folder) / f"{name}.npz"))
    cases = []
    for b, logits in enumerate(case["out_logits"]):
        ids = case["in_text"][b]
        wave = case["in_audio"][b, : MAX_SAMPLES - case["in_padded_amount"][b]]
        pictures = case["in_frames_uint8_rgb"][b, : case["in_n_frames"][b]].transpose(0, 3, 1, 2)
        cases.append(ReferenceCase(ids[ids != PAD], wave, logits, pictures))
    return Path(folder) / f"{checkpoint}.pt", cases


@pytest.fixture(scope="session")
def ray_cluster():
    """One Ray for all tests: two workers of one thread, and a processor to decode."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    import ray  # noqa: PLC0415  # a second, which tests without it needn't wait for

    ray.init(
        num_cpus=3,
        include_dashboard=False,
        object_store_memory=256 << 20,
        logging_level=logging.ERROR,
        log_to_driver=False,
    )
    yield
    ray.shutdown()
