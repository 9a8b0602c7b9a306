"""The three modalities, in the order in which players, designs and grids are laid out everywhere."""

from typing import Final, Literal, TypeAlias

Modality: TypeAlias = Literal["text", "audio", "video"]

MODALITIES: Final[tuple[Modality, ...]] = ("text", "audio", "video")
