"""Codecs: what arrives is what the bytes on the wire can say, and the network really runs on it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import Tensor

from simnet.models.codecs import CODECS, Codec, encoded_bytes, transmit
from simnet.models.networks.early_exit import EarlyExitNetwork, architecture

SHAPE = (3, 5, 7)


@pytest.fixture
def features() -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(11, *SHAPE, generator=generator).relu() * torch.tensor([0.01, 1.0, 300.0])[:, None, None]


def test_bytes_of_the_published_shape() -> None:
    """DDNN 2017: four filters of 256 outputs are 128 bytes at one bit each; ours adds two fp16 levels per channel."""
    assert [encoded_bytes(codec, (4, 16, 16)) for codec in CODECS] == [4096, 2048, 1024 + 16, 128 + 16]
    assert encoded_bytes("1bit", (1, 3, 3)) == 2 + 4  # nine bits need two bytes


@pytest.mark.parametrize("codec", CODECS)
def test_what_arrives_can_be_written_in_that_many_bytes(codec: Codec, features: Tensor) -> None:
    """The number of values that a channel can show is bounded by the bits that each value has."""
    arrived = transmit(features, codec)
    values = {"fp32": 35, "fp16": 35, "int8": 35, "1bit": 2}[codec]
    assert max(len(channel.unique()) for sample in arrived for channel in sample) <= values
    if codec == "fp16":
        assert torch.equal(arrived, arrived.half().float())
    if codec == "int8":  # every value on one of 256 levels between the least and the greatest, both as fp16
        low, high = (f((-2, -1), keepdim=True).half().float() for f in (features.amin, features.amax))
        levels = (arrived - low) / ((high - low) / 255)
        assert torch.allclose(levels, levels.round(), atol=1e-2)


@pytest.mark.parametrize(
    ("codec", "error"), [("fp32", 0.0), ("fp16", 2**-11), ("int8", 0.5 / 255 + 2**-10), ("1bit", 1.0)]
)
def test_error_is_bounded_by_the_channels_range(codec: Codec, error: float, features: Tensor) -> None:
    span = features.amax((-2, -1), keepdim=True)
    assert ((transmit(features, codec) - features).abs() <= error * span + 1e-12).all()


def test_one_bit_keeps_the_mean_of_a_channel(features: Tensor) -> None:
    """Block truncation: the two levels are the means of the two halves, so the channel's mean survives."""
    means = features.mean((-2, -1))
    assert torch.allclose(transmit(features, "1bit").mean((-2, -1)), means, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("constant", [0.0, 2.5])
def test_constant_channels_survive(codec: Codec, constant: float) -> None:
    """No division by an empty range or an empty half."""
    assert torch.equal(transmit(torch.full((2, *SHAPE), constant), codec), torch.full((2, *SHAPE), constant))


@pytest.mark.parametrize("codec", CODECS)
def test_samples_stand_alone(codec: Codec, features: Tensor) -> None:
    """Batched = unbatched: no sample's levels depend on its neighbours in a batch."""
    alone = torch.cat([transmit(one, codec) for one in features.split(1)])
    assert torch.equal(alone, transmit(features, codec))


def test_gradient_is_straight_through(features: Tensor) -> None:
    wanted = torch.randn(features.shape, generator=torch.Generator().manual_seed(1))
    for codec in CODECS:
        given = features.clone().requires_grad_()
        sent = transmit(given, codec)
        assert torch.allclose(sent.detach(), transmit(features, codec), rtol=1e-6)
        sent.backward(wanted)
        assert given.grad is not None and torch.equal(given.grad, wanted)


def test_values_beyond_fp16_do_not_become_infinite() -> None:
    huge = torch.full((1, 1, 2, 2), 1e30)
    for codec in CODECS[1:]:
        assert transmit(huge, codec).isfinite().all()


def test_unknown_codec() -> None:
    for attempt in (lambda: encoded_bytes("zip", SHAPE), lambda: transmit(torch.zeros(SHAPE), "zip")):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="unknown codec 'zip'; known: fp32, fp16, int8, 1bit"):
            attempt()
    assert get_args(Codec) == CODECS


def test_network_runs_on_what_arrived() -> None:
    """Both hops: the edge sees the devices' features as they arrived, the cloud the edge's."""
    torch.manual_seed(0)
    arch = replace(architecture("ada-ddnn", "plaza"), codec="1bit")
    network = EarlyExitNetwork(arch).eval()
    views = torch.randn(4, 6, 3, 32, 32)
    with torch.no_grad():
        sent = torch.stack([device(views[:, v])[0] for v, device in enumerate(network.devices)], dim=1)
        fused, edge = network.edge(transmit(sent, "1bit"), torch.ones(4, 6, dtype=torch.bool))
        scores = network(views)
        assert torch.allclose(scores["edge"], edge, atol=1e-6)
        assert torch.allclose(scores["cloud"], network.cloud(transmit(fused, "1bit")), atol=1e-6)
        assert not torch.allclose(scores["cloud"], network(views, codec="fp32")["cloud"], atol=1e-3)
