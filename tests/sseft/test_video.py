import pytest
import torch
from torch.nn import functional

from sseft.config import VideoConfig
from sseft.video import FabNet


@pytest.fixture(scope="module")
def fabnet():
    torch.manual_seed(0)
    model = FabNet(VideoConfig(filters=2, dim=5)).double().eval()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                torch.nn.init.uniform_(tensor, 0.5, 1.5) if "running_var" in name else tensor.normal_(0, 0.3)
    return model


def test_frames_do_not_see_each_other(fabnet):
    pictures = torch.rand(4, 3, 256, 256, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    together = fabnet(pictures)
    assert together.shape == (4, 5)
    for picture, features in zip(pictures, together, strict=True):
        torch.testing.assert_close(fabnet(picture[None])[0], features, rtol=0, atol=1e-12)


def test_eight_convolutions_by_their_original_indices(fabnet):
    """Convolutions at 0, 2, 5, ..., 20; batch norm behind all but the first and the last; then LeakyReLU(0.2)."""
    weights = fabnet.state_dict()
    pictures = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = pictures
    for index in (0, 2, 5, 8, 11, 14, 17, 20):
        x = functional.conv2d(x, weights[f"{index}.weight"], weights[f"{index}.bias"], stride=2, padding=1)
        if 0 < index < 20:
            norm = {part: weights[f"{index + 1}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")}
            x = functional.batch_norm(x, **norm, training=False, eps=1e-5)
        if index < 20:
            x = torch.where(x > 0, x, 0.2 * x)
    torch.testing.assert_close(fabnet(pictures), x[:, :, 0, 0], rtol=1e-12, atol=1e-12)
