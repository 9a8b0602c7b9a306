"""FAb-Net under all masks at once: the graph `video_frames`.

Its first five convolutions make one table per frame, whatever the masks (`export.patches`). The sixth adds up what the
variants of its blocks give, and only what follows, 1 % of the network, is computed for each mask.
"""

import copy
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import fuse_conv_bn_eval

from export.graphs import kept
from export.patches import Convolution, Gathering, patch_tables
from sseft.model import SSEFT
from sseft.video import KERNEL, PADDING, SLOPE, STRIDE, FabNet

CELLS: Final = 4
"""Patches of each axis of a frame."""
TABLES: Final = 5
"""Convolutions of which every position sees two patches of an axis at most."""


class FramesGraph(nn.Module):
    """Frames uint8 [F, 3, S, S], player int64 [F, 4, 4], keep bool [K, n] -> [K, F, d_v]. Masked by black."""

    corners: Tensor
    """[P, 4]: the blocks that each position of the sixth convolution adds up."""
    first: Tensor
    place: Tensor
    powers: Tensor

    def __init__(self, model: SSEFT) -> None:
        super().__init__()
        size = model.config.video.image_size
        tables = patch_tables(size, CELLS, Convolution(KERNEL, STRIDE, PADDING), TABLES)
        convolutions = folded(model.fabnet)
        mapping, adding, dense = convolutions[:TABLES], convolutions[TABLES], convolutions[TABLES + 1 :]
        black = _black_rows(mapping, size)
        self.maps = nn.ModuleList(mapping)
        self.mixed = nn.ModuleList(
            GatheredProduct(gathering, rows, _by_tap(convolution), _bias(convolution))
            for gathering, rows, convolution in zip(tables.mixed, black, mapping, strict=False)
        )
        self.variants = GatheredProduct(tables.variants, black[-1], _by_place(adding), pure=2 * tables.side**2)
        self.bias = nn.Parameter(_bias(adding))
        side = tables.side - 1
        self.dense = nn.ModuleList(_as_linear(c, side >> depth) for depth, c in enumerate(dense))
        self.register_buffer("corners", torch.tensor(list(_corners(tables.side))))
        self.register_buffer("first", torch.from_numpy(tables.first))
        self.register_buffer("place", torch.from_numpy(tables.place))
        self.register_buffer("powers", torch.from_numpy(tables.powers))

    def forward(self, frames: Tensor, player: Tensor, keep: Tensor) -> Tensor:
        """Encode K maskings of each frame."""
        pictures, cells = frames.to(self.powers.dtype) / 255.0, player.flatten(1)
        divided = _as_size((cells != cells[:, :1]).any())
        x: Tensor = self._sixth(self._block_variants(pictures, divided), kept(cells, keep))
        for layer in self.dense:
            x = layer(functional.leaky_relu(x, SLOPE))
        return x

    def _block_variants(self, pictures: Tensor, divided: int) -> Tensor:
        """What each variant of each block gives to the positions in its four corners: [F, V, 4, C].

        Where no frame is divided among players, by far the most of it is left out.
        """
        whole = pictures
        mixed = pictures.new_zeros(pictures.shape[0], 0, pictures.shape[1])
        for convolution, gathered in zip(self.maps, self.mixed, strict=True):
            mixed = functional.leaky_relu(gathered(whole, mixed, divided), SLOPE)
            whole = functional.leaky_relu(convolution(whole), SLOPE)
        variants: Tensor = self.variants(whole, mixed, divided).unflatten(-1, (4, -1))
        return variants

    def _sixth(self, variants: Tensor, keep: Tensor) -> Tensor:
        """The sixth convolution's output [K, F, P C], from what the variants of blocks give and keep [K, F, 16]."""
        frames, count = variants.shape[:2]
        # Bits are weighted and summed as floats: OpenVINO sums such a chain of integers wrongly.
        number = (keep.unsqueeze(-1) * self.powers).sum(-2).long() + self.first
        of_variant = self.place.index_select(0, number.flatten()).unflatten(0, number.shape)
        of_frame = torch.arange(frames, device=keep.device)[:, None] * count
        of_block = (of_variant + of_frame).index_select(2, self.corners.flatten()).unflatten(2, self.corners.shape)
        row = of_block * 4 + torch.arange(4, device=keep.device)
        terms = variants.flatten(0, 2).index_select(0, row.flatten()).unflatten(0, row.shape)
        added: Tensor = (terms.sum(-2) + self.bias).flatten(2)
        return added


def _as_size(condition: Tensor) -> int:
    """1 or 0, as a size of tensors."""
    size = cast("int", condition.long().item())
    torch._check(size >= 0)  # noqa: SLF001  # torch.export documents it under this name
    torch._check(size <= 1)  # noqa: SLF001  # as above
    return size


class GatheredProduct(nn.Module):
    """Rows of a table, gathered and multiplied."""

    whole: Tensor
    rows: Tensor
    dark: Tensor

    def __init__(
        self, gathering: Gathering, black: Tensor, weight: Tensor, bias: Tensor | None = None, *, pure: int = 0
    ) -> None:
        """Keep what doesn't depend on the frame.

        Args:
            gathering: which rows.
            pure: how many of the first sums take no mixed values.
            black: [9, C], a black picture's rows.
            weight: [terms * C, C'].
            bias: [C'].
        """
        super().__init__()
        self.pure = pure
        self.register_buffer("whole", torch.from_numpy(gathering.whole))
        self.register_buffer("rows", torch.from_numpy(gathering.rows))
        self.register_buffer("dark", functional.pad(black, (0, 0, 1, 0)))
        inputs, outputs = weight.shape
        self.linear = nn.Linear(inputs, outputs, bias=bias is not None)
        self.linear.weight.data = weight.T
        if bias is not None:
            self.linear.bias.data = bias

    def forward(self, whole: Tensor, mixed: Tensor, divided: int) -> Tensor:
        """From the whole picture's map [F, C, S, S] and the mixed values [F, E, C] to [F, E', C'].

        Args:
            whole: the map.
            mixed: the values, none where `divided` is 0.
            divided: 1 where any frame is divided among players; 0: only the first rows that need no mixed values.
        """
        rows = self.rows.narrow(0, 0, self.pure + divided * (len(self.rows) - self.pure))
        from_map = whole.flatten(2).index_select(2, self.whole).transpose(1, 2)
        table = torch.cat([self.dark.expand(whole.shape[0], -1, -1), from_map, mixed], 1)
        terms = table.index_select(1, rows.flatten()).unflatten(1, rows.shape).flatten(2)
        # As rows, so that the bias belongs to the product.
        products: Tensor = self.linear(terms.flatten(0, 1)).unflatten(0, terms.shape[:2])
        return products


def folded(fabnet: FabNet) -> list[nn.Conv2d]:
    """Its convolutions, with the batch norm that follows one folded into it, in float64."""
    dtype = next(fabnet.parameters()).dtype
    layers = [copy.deepcopy(layer).double() for layer in fabnet if not isinstance(layer, nn.LeakyReLU)]
    return [
        (fuse_conv_bn_eval(layer, after) if isinstance(after, nn.BatchNorm2d) else layer).to(dtype)
        for layer, after in pairwise([*layers, nn.Identity()])
        if isinstance(layer, nn.Conv2d)
    ]


def _black_rows(convolutions: Sequence[nn.Conv2d], size: int) -> list[Tensor]:
    """A black picture's values in the corners, along the edges and inside of it and of each map: [9, C]."""
    maps = [convolutions[0].weight.new_zeros(1, convolutions[0].in_channels, size, size)]
    with torch.no_grad():
        for convolution in convolutions:
            maps.append(functional.leaky_relu(convolution(maps[-1]), SLOPE))
    first_inner_last = [0, 1, -1]
    return [x[0][:, first_inner_last][..., first_inner_last].flatten(1).T for x in maps]


def _by_tap(convolution: nn.Conv2d) -> Tensor:
    """Its weight [taps * C, C']."""
    weight: Tensor = convolution.weight.detach().permute(2, 3, 1, 0).flatten(0, 2)
    return weight


def _by_place(convolution: nn.Conv2d) -> Tensor:
    """Its weight by the place in a block, [places * C, corners * C']."""
    halves = convolution.weight.detach().unflatten(3, (2, STRIDE)).unflatten(2, (2, STRIDE))
    weight: Tensor = halves.permute(3, 5, 1, 2, 4, 0).flatten(3).flatten(0, 2)
    return weight


def _corners(side: int) -> Iterator[list[int]]:
    """For each position, row by row, the blocks that it adds up, of side x side."""
    for i, j in product(range(side - 1), repeat=2):
        yield [(i + di) * side + j + dj for di, dj in product(range(2), repeat=2)]


def _as_linear(convolution: nn.Conv2d, side: int) -> nn.Linear:
    """A convolution of a map so small that most positions see all of it, from [positions * C] to [positions * C']."""
    channels = convolution.in_channels
    basis = torch.eye(side * side * channels, dtype=convolution.weight.dtype).unflatten(1, (side, side, channels))
    with torch.no_grad():
        weight = functional.conv2d(basis.permute(0, 3, 1, 2), convolution.weight, None, STRIDE, PADDING)
    positions = weight.shape[-2:].numel()
    linear = nn.Linear(len(basis), positions * convolution.out_channels)
    linear.weight.data = weight.permute(2, 3, 1, 0).flatten(0, 2)
    linear.bias.data = _bias(convolution).repeat(positions)
    return linear


def _bias(convolution: nn.Conv2d) -> Tensor:
    if convolution.bias is None:
        raise TypeError("FAb-Net's convolutions have biases, and this one has none")
    return convolution.bias.detach()
