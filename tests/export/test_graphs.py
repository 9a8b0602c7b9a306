from itertools import product

import pytest
import torch

from export.graphs import kept


@pytest.mark.parametrize("shape", [(1,), (6,), (2, 4, 4)])
@pytest.mark.parametrize(("masks", "players"), [(1, 1), (3, 5)])
def test_a_position_is_kept_with_its_player_and_that_of_no_player_always(shape, masks, players):
    generator = torch.Generator().manual_seed(0)
    player = torch.randint(-1, players, shape, generator=generator)
    keep = torch.rand(masks, players, generator=generator) > 0.5
    got = kept(player, keep)
    assert got.shape == (masks, *shape)
    for mask, *position in product(range(masks), *map(range, shape)):
        of = player[tuple(position)].item()
        assert got[(mask, *position)].item() == (of == -1 or keep[mask, of].item())
