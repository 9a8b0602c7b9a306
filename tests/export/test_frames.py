from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from export.frames import FramesGraph, folded
from export.graphs import kept
from sseft.presets import published, tiny
from sseft.untrained import untrained
from sseft.video import FabNet

EXACT = 1e-12


@pytest.fixture(scope="module")
def model():
    """FAb-Net in float64, with statistics and biases that aren't those of a new one."""
    config = tiny()
    found = untrained(replace(config, modalities=("video",), video=replace(config.video, filters=2)), 0).double()
    generator = torch.Generator().manual_seed(0)
    for name, tensor in found.fabnet.state_dict().items():
        if "running_var" in name:
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.is_floating_point():
            tensor.normal_(0, 0.3, generator=generator)
    return found


@pytest.fixture(scope="module")
def graph(model):
    return FramesGraph(model).double()


@pytest.fixture(scope="module")
def frames():
    return torch.randint(256, (3, 3, 256, 256), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


CELLS = torch.arange(16).reshape(4, 4)


def naive(model, frames, mask):
    """Every frame under every mask, through the whole network. `mask` bool [K, F, 4, 4] -> [K, F, d]."""
    pixels = mask[:, :, None].repeat_interleave(64, -2).repeat_interleave(64, -1)
    pictures = torch.where(pixels, frames.double() / 255, 0.0)
    return model.frame_features(pictures.flatten(0, 1)).unflatten(0, mask.shape[:2])


def by_sixteen_patterns(model, frames, mask):
    """The fifth map of any mask, put together from those of the 16 masks that repeat every two patches."""
    tabled = folded(model.fabnet)
    pattern = torch.tensor([[[n >> (2 * (r % 2) + c % 2) & 1 for c in range(4)] for r in range(4)] for n in range(16)])
    x = torch.where(
        pattern.bool()[:, None, None].repeat_interleave(64, -2).repeat_interleave(64, -1), frames.double() / 255, 0.0
    ).flatten(0, 1)
    for convolution in tabled[:5]:
        x = torch.nn.functional.leaky_relu(convolution(x), 0.2)
    fifth = x.unflatten(0, (16, len(frames)))
    even = [min(2 * ((i + 1) // 4), 2) for i in range(8)]
    odd = [max(1 + 2 * ((i - 1) // 4), 1) for i in range(8)]
    x = torch.empty(*mask.shape[:2], *fifth.shape[2:], dtype=torch.float64)
    for i, j in product(range(8), repeat=2):
        patches = [(r, c) for r in (even[i], odd[i]) for c in (even[j], odd[j])]
        which = sum(mask[:, :, r, c].long() << bit for bit, (r, c) in enumerate(patches))
        x[..., i, j] = fifth[which, torch.arange(len(frames)), :, i, j]
    x = x.flatten(0, 1)
    for convolution in tabled[5:]:
        x = convolution(torch.nn.functional.leaky_relu(x, 0.2) if convolution is not tabled[5] else x)
    return x.flatten(1).unflatten(0, mask.shape[:2])


def random_masks(masks, players, seed):
    """None, all, each player alone, all but each, then random ones."""
    alone = torch.eye(players, dtype=torch.bool)
    fixed = torch.cat(
        [torch.zeros(1, players, dtype=torch.bool), torch.ones(1, players, dtype=torch.bool), alone, ~alone]
    )
    some = torch.rand(masks, players, generator=torch.Generator().manual_seed(seed)) > 0.5
    return torch.cat([fixed, some])


@pytest.mark.parametrize("oracle", [naive, by_sixteen_patterns])
def test_it_equals_the_network_under_every_kind_of_mask(model, graph, frames, oracle):
    keep, one = random_masks(28, 16, 0), frames[:1]
    mask = keep[:, CELLS][:, None]
    torch.testing.assert_close(graph(one, CELLS[None], keep), oracle(model, one, mask), rtol=0, atol=EXACT)


@pytest.mark.parametrize(
    "player",
    [
        pytest.param(torch.arange(3)[:, None, None].expand(3, 4, 4), id="time"),
        pytest.param(torch.arange(48).reshape(3, 4, 4), id="space and time"),
        pytest.param(torch.randint(-1, 5, (3, 4, 4), generator=torch.Generator().manual_seed(2)), id="any partition"),
        pytest.param(torch.full((3, 4, 4), -1), id="nothing ever masked"),
    ],
)
def test_any_partition_of_the_cells_can_be_masked(model, graph, frames, player):
    keep = random_masks(2, int(player.max()) + 1 or 1, 3)[:12]
    expected = naive(model, frames, kept(player, keep))
    torch.testing.assert_close(graph(frames, player, keep), expected, rtol=0, atol=EXACT)


def flops(call):
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def test_it_takes_the_products_that_the_table_needs_and_few_for_each_mask():
    """`docs/model.md`: 3.78 + 0.0089 K GFLOP a frame at the published size, where K pictures take 1.034 K."""
    config = published()
    model = SimpleNamespace(config=config, fabnet=FabNet(config.video).eval())
    graph, one = FramesGraph(model), torch.zeros(1, 3, 256, 256, dtype=torch.uint8)

    def of(masks, player):
        return flops(lambda: graph(one, player[None], torch.ones(masks, 16, dtype=torch.bool))) / 1e9

    picture = flops(lambda: model.fabnet(torch.zeros(1, 3, 256, 256))) / 1e9
    each = (of(21, CELLS) - of(1, CELLS)) / 20
    assert picture == pytest.approx(1.034, abs=5e-4)
    assert each == pytest.approx(0.0089, abs=5e-5)
    assert of(1, CELLS) - each == pytest.approx(3.78, abs=5e-3)
    assert of(1, torch.zeros_like(CELLS)) < 1.1 * picture, "a frame that isn't divided among players has no seams"


def test_frames_and_masks_do_not_see_each_other(graph, frames):
    keep = random_masks(2, 16, 4)
    player = CELLS.expand(3, 4, 4)
    together = graph(frames, player, keep)
    alone = torch.cat([graph(frames[i : i + 1], player[:1], keep[5:6]) for i in range(3)], dim=1)
    torch.testing.assert_close(together[5:6], alone, rtol=0, atol=EXACT)
