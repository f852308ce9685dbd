"""The networks that there are, each a graph of segments, by name. No torch before one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.registry import Registry

if TYPE_CHECKING:
    from simnet.models.networks.base import Network

NETWORKS: Registry[Network] = Registry(
    "simnet.networks",
    "network",
    "simnet.models.networks.base:Network",
    {
        "ddnn": "simnet.models.networks.ddnn:Ddnn",
        "ada-ddnn": "simnet.models.networks.ada_ddnn:AdaDdnn",
        "ddnn-2017": "simnet.models.networks.ddnn_2017:Ddnn2017",
        "vgg16-quarter": "simnet.models.networks.dapdee:Vgg16Quarter",
        "alexnet-half": "simnet.models.networks.dapdee:AlexNetHalf",
        "resnet14": "simnet.models.networks.dapdee:ResNet14",
        "distree": "simnet.models.networks.students.distree:Distree",
        "whole-resnet": "simnet.models.networks.students.whole_resnet:WholeResnet",
    },
)
