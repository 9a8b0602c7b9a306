from itertools import product

import pytest
import torch
from torch.nn import functional

from export.patches import BLACK_ROWS, Convolution, PatchMap, patch_tables, subsets

FABNET = Convolution(kernel=4, stride=2, padding=1)


@pytest.fixture(scope="module")
def tables():
    return patch_tables(256, 4, FABNET, 5)


def maps(depth, *, size=256, patches=4):
    found = [PatchMap.of_picture(size, patches)]
    for _ in range(depth):
        found.append(found[-1].after(FABNET))
    return found


@pytest.mark.parametrize(("size", "patches"), [(256, 4), (64, 4), (64, 2)])
def test_a_position_sees_the_patches_whose_pixels_change_it(size, patches):
    side = size // patches
    pixels = torch.zeros(patches, 1, size, 1, dtype=torch.float64)
    for patch in range(patches):
        pixels[patch, :, patch * side : (patch + 1) * side] = 1
    kernel, depth = torch.ones(1, 1, 4, 1, dtype=torch.float64), 3
    for patch_map in maps(depth, size=size, patches=patches):
        touched = pixels[:, 0, :, 0] > 0
        assert [{patch for patch in range(patches) if touched[patch, i]} for i in range(touched.shape[1])] == [
            set(seen) for seen in patch_map.seen
        ]
        pixels = functional.conv2d(pixels, kernel, stride=(2, 1), padding=(1, 0))


def test_six_positions_of_an_axis_see_two_patches_down_to_the_fifth_map_and_more_after_it():
    *tabled, sixth = (patch_map.seen for patch_map in maps(6))
    assert [sum(len(seen) == 2 for seen in axis) for axis in tabled] == [0, 6, 6, 6, 6, 6]
    assert max(len(seen) for axis in tabled for seen in axis) == 2
    assert max(map(len, sixth)) == 3


def test_mixed_values_of_fabnets_maps(tables):
    """Seams: 2 of 4 variants. Crossings: 14 of 16."""
    sizes = (128, 64, 32, 16, 8)
    expected = [2 * 6 * (size - 6) * 2 + 6 * 6 * 14 for size in sizes]
    assert [len(gathering.rows) for gathering in tables.mixed] == expected == [3432, 1896, 1128, 744, 552]
    assert len(tables.variants.rows) == 4 * 2 + 12 * 4 + 9 * 16


def test_rows_name_what_is_in_the_table(tables):
    before = [0, *(len(gathering.rows) for gathering in tables.mixed)]
    for gathering, mixed in zip((*tables.mixed, tables.variants), before, strict=True):
        rows = 1 + BLACK_ROWS + len(gathering.whole) + mixed
        assert gathering.rows.min() == 0
        assert gathering.rows.max() == rows - 1


def test_the_bits_of_a_mask_number_the_variants_of_every_block(tables):
    fifth, counts = maps(5)[-1], []
    for block, place in enumerate(product(range(tables.side), repeat=2)):
        cells = frozenset().union(*(fifth.cells(position) for position in FABNET.block(place)))
        counts.append(2 ** len(cells))
        for number, kept in enumerate(subsets(cells)):
            bits = [float((cell // 4, cell % 4) in kept) for cell in range(16)]
            assert bits @ tables.powers[:, block] == number
    assert tables.first.tolist() == [sum(counts[:block]) for block in range(len(counts))]


def test_the_first_variants_need_no_mixed_values(tables):
    """Their places are those of each block's first and last number: none kept, and all."""
    gathering, blocks = tables.variants, tables.side**2
    unmixed = 1 + BLACK_ROWS + len(gathering.whole)
    assert gathering.rows[: 2 * blocks].max() < unmixed
    assert (gathering.rows[2 * blocks :].max(axis=1) >= unmixed).all()
    last = [*(tables.first[1:] - 1), len(gathering.rows) - 1]
    assert sorted(tables.place[[*tables.first, *last]]) == list(range(2 * blocks))
    assert sorted(tables.place) == list(range(len(gathering.rows)))


def test_subsets_come_from_none_to_all_each_once():
    cells = frozenset({(0, 1), (2, 0), (3, 3)})
    found = subsets(cells)
    assert found[0] == frozenset()
    assert found[-1] == cells
    assert len(set(found)) == len(found) == 8
    assert subsets(frozenset()) == [frozenset()]
