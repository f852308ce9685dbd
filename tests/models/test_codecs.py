"""Codecs: what arrives is what the bytes on the wire can say, and the network really runs on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from paths import ROOT
from torch import Tensor
from weights import random_network

from simnet.models.codecs import CODECS, REAL_VALUED, codec
from simnet.registry import PluginError

SHAPE = (3, 5, 7)


@pytest.fixture
def features() -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(11, *SHAPE, generator=generator).relu() * torch.tensor([0.01, 1.0, 300.0])[:, None, None]


def test_bytes_of_the_published_shape() -> None:
    """DDNN 2017: four filters of 256 outputs are 128 bytes at one bit each; ours adds two fp16 levels per channel."""
    assert [codec(name).bytes((4, 16, 16)) for name in CODECS] == [4096, 2048, 1024 + 16, 128 + 16, 128]
    assert codec("1bit").bytes((1, 3, 3)) == 2 + 4  # nine bits need two bytes


@pytest.mark.parametrize("name", REAL_VALUED)
def test_what_arrives_can_be_written_in_that_many_bytes(name: str, features: Tensor) -> None:
    """The number of values that a channel can show is bounded by the bits that each value has."""
    arrived = codec(name).transmit(features)
    values = {"fp32": 35, "fp16": 35, "int8": 35, "1bit": 2}[name]
    assert max(len(channel.unique()) for sample in arrived for channel in sample) <= values
    if name == "fp16":
        assert torch.equal(arrived, arrived.half().float())
    if name == "int8":  # every value on one of 256 levels between the least and the greatest, both as fp16
        low, high = (f((-2, -1), keepdim=True).half().float() for f in (features.amin, features.amax))
        levels = (arrived - low) / ((high - low) / 255)
        assert torch.allclose(levels, levels.round(), atol=1e-2)


@pytest.mark.parametrize("name", list(CODECS))
def test_what_is_written_is_read_as_what_arrives(name: str, features: Tensor) -> None:
    """To the last bit, in as many bytes as the links are charged; also where a channel has one value only."""
    one = codec(name)
    sent = torch.where(features > 1, 1.0, -1.0) if name == "binary" else features
    for values in (*sent, torch.full(SHAPE, 1.0)):
        data = one.encode(values)
        assert data is not None
        assert len(data) == one.bytes(SHAPE)
        assert torch.equal(one.decode(data, SHAPE), one.transmit(values))


@pytest.mark.parametrize(
    ("name", "values", "written"),
    [
        ("fp32", [1, -2, 0, 0.5], "0000803f 000000c0 00000000 0000003f"),
        ("fp16", [1, -2, 0, 0.5], "003c 00c0 0000 0038"),
        ("int8", [0, 51, 102, 255], "0000 f85b 00 33 66 ff"),  # 255 is 0x5bf8 in fp16, the step 1
        ("1bit", [1, 2, 3, 10], "0040 0049 10"),  # the mean is 4: 2 for those below, 10 above; the bits 0001
        ("binary", [1, -1, -1, 1], "90"),
    ],
)
def test_bytes_as_worked_out_by_hand(name: str, values: list[float], written: str) -> None:
    data = codec(name).encode(torch.tensor(values, dtype=torch.float32).reshape(1, 2, 2))
    assert data == bytes.fromhex(written)


@pytest.mark.parametrize(
    ("name", "error"), [("fp32", 0.0), ("fp16", 2**-11), ("int8", 0.5 / 255 + 2**-10), ("1bit", 1.0)]
)
def test_error_is_bounded_by_the_channels_range(name: str, error: float, features: Tensor) -> None:
    span = features.amax((-2, -1), keepdim=True)
    assert ((codec(name).transmit(features) - features).abs() <= error * span + 1e-12).all()


def test_one_bit_keeps_the_mean_of_a_channel(features: Tensor) -> None:
    """Block truncation: the two levels are the means of the two halves, so the channel's mean survives."""
    means = features.mean((-2, -1))
    assert torch.allclose(codec("1bit").transmit(features).mean((-2, -1)), means, rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("name", REAL_VALUED)
@pytest.mark.parametrize("constant", [0.0, 2.5])
def test_constant_channels_survive(name: str, constant: float) -> None:
    """No division by an empty range or an empty half."""
    flat = torch.full((2, *SHAPE), constant)
    assert torch.equal(codec(name).transmit(flat), flat)


@pytest.mark.parametrize("name", REAL_VALUED)
def test_samples_stand_alone(name: str, features: Tensor) -> None:
    """Batched = unbatched: no sample's levels depend on its neighbours in a batch."""
    alone = torch.cat([codec(name).transmit(one) for one in features.split(1)])
    assert torch.equal(alone, codec(name).transmit(features))


def test_gradient_is_straight_through(features: Tensor) -> None:
    wanted = torch.randn(features.shape, generator=torch.Generator().manual_seed(1))
    for name in CODECS:
        given = features.clone().requires_grad_()
        sent = codec(name).transmit(given)
        assert torch.allclose(sent.detach(), codec(name).transmit(features), rtol=1e-6)
        sent.backward(wanted)
        assert given.grad is not None and torch.equal(given.grad, wanted)


def test_values_beyond_fp16_do_not_become_infinite() -> None:
    huge = torch.full((1, 1, 2, 2), 1e30)
    for name in REAL_VALUED[1:]:
        assert codec(name).transmit(huge).isfinite().all()


def test_lossless_ones_give_back_what_they_were_given(features: Tensor) -> None:
    assert [name for name in CODECS if codec(name).lossless] == ["fp32", "binary"]
    assert all(codec(name).transmit(features) is features for name in ("fp32", "binary"))
    assert codec("binary").bytes((1, 3, 3)) == 2


def test_unknown_codec() -> None:
    with pytest.raises(ValueError, match="unknown codec 'zip'; known: fp32, fp16, int8, 1bit, binary"):
        codec("zip")


SIGNS = """
from simnet.models.codecs import Codec

class Signs(Codec):
    name = "signs"
    def bytes(self, shape):
        return -(-shape[0] * shape[1] * shape[2] // 8)
    def arrived(self, sent):
        return sent.sign()

class Mute(Signs):
    arrived = Codec.arrived

class Whole(Mute):
    lossless = True

class Fractions(Signs):
    def bytes(self, shape):
        return shape[0] / 8

class Nameless(Codec):
    def bytes(self, shape):
        return 1

class Flat(Signs):
    def arrived(self, sent):
        return sent.flatten(1)

class Unfinished(Codec):
    name = "unfinished"
"""


@pytest.mark.parametrize("place", ["signs.py:Signs", "signs:Signs"])
def test_a_users_codec_in_a_file(place: str, tmp_path: Path, features: Tensor) -> None:
    """Straight-through gradient and all, without a line of ours."""
    (tmp_path / "signs.py").write_text(SIGNS)
    signs = codec(place, tmp_path)
    assert (signs.name, signs.bytes((4, 16, 16)), signs.lossless) == ("signs", 128, False)
    given = features.clone().requires_grad_()
    sent = signs.transmit(given)
    sent.sum().backward()
    assert torch.allclose(sent.detach(), features.sign(), atol=1e-4)
    assert given.grad is not None and torch.equal(given.grad, torch.ones_like(features))
    assert codec("signs.py:Whole", tmp_path).transmit(features) is features


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("Mute", "Mute lacks arrived"),
        ("Fractions", r"gives 0.25, not a whole number of bytes"),
        ("Nameless", "Nameless has no name"),
        ("Unfinished", "Unfinished lacks bytes, which Codec demands"),
        ("Tensors", "has no 'Tensors'"),
    ],
)
def test_a_codec_that_breaks_its_contract_is_one_message(kind: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "signs.py").write_text(SIGNS)
    with pytest.raises(PluginError, match=message) as caught:
        codec(f"signs.py:{kind}", tmp_path)
    assert f"codec 'signs.py:{kind}'" in str(caught.value)


def test_features_that_arrive_in_another_shape_are_one_message(tmp_path: Path, features: Tensor) -> None:
    (tmp_path / "signs.py").write_text(SIGNS)
    with pytest.raises(
        PluginError, match=r"codec 'signs': features arrive as the shape \(11, 105\), not of shape \(11, 3, 5, 7\)"
    ):
        codec("signs.py:Flat", tmp_path).transmit(features)


def test_sizes_need_no_torch() -> None:
    code = "import sys; from simnet.models import codecs; codecs.codec('int8').bytes([1])"
    subprocess.run([sys.executable, "-c", f"{code}; sys.exit('torch' in sys.modules)"], cwd=ROOT, check=True)


def test_network_runs_on_what_arrived() -> None:
    """Both hops: the edge sees the devices' features as they arrived, the cloud the edge's."""
    network = random_network("ada-ddnn", "plaza", codec="1bit")
    views = torch.randn(4, 6, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        sent = torch.stack([device(views[:, v])[0] for v, device in enumerate(network.devices)], dim=1)
        fused, edge = network.edge(codec("1bit").transmit(sent), torch.ones(4, 6, dtype=torch.bool))
        scores = network(views)
        assert torch.allclose(scores["edge"], edge, atol=1e-6)
        assert torch.allclose(scores["cloud"], network.cloud(codec("1bit").transmit(fused)), atol=1e-6)
        assert not torch.allclose(scores["cloud"], network(views, codec="fp32")["cloud"], atol=1e-3)
