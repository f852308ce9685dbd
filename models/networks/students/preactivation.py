"""Pre-activation residual blocks (He et al. 2016; WideResNet, Zagoruyko & Komodakis 2016)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class PreactivationBlock(nn.Module):
    """Batch norm, ReLU, 3x3 conv, batch norm, ReLU, 3x3 conv, and the identity; 1x1 where the shape changes.

    Maps `[n, inputs, h, w]` to `[n, outputs, ceil(h / stride), ceil(w / stride)]`.
    """

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        same = inputs == outputs and stride == 1
        self.shortcut = None if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[n, inputs, h, w]` to `[n, outputs, h', w']`."""
        active = F.relu(self.norm1(x))
        beside = x if self.shortcut is None else self.shortcut(active)
        made: Tensor = self.conv2(F.relu(self.norm2(self.conv1(active)))) + beside
        return made
