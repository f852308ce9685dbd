"""A network: torchvision's ResNet-18 on a device, an edge and a cloud, with an exit on the edge. Train it with

python -m models train resnet18 stripes --epochs 2 --out resnet18.safetensors
"""

from torch import nn
from torchvision.models import resnet18

from simnet import TracedNetwork


class ResNet18(TracedNetwork):
    def __init__(self, arch):
        super().__init__(
            arch,
            resnet18(num_classes=arch.classes),
            cuts={"device": "layer1", "edge": "layer2", "cloud": None},  # each segment ends behind this module
            heads={"edge": nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, arch.classes))},
        )
