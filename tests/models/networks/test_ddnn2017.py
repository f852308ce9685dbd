"""DDNN of 2017: signs and their gradient, clipping, fusion kinds, missing views, edges, costs, the masked loss."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from fake_views import FakeViews
from PIL import Image
from torch import Tensor
from weights import architecture

from simnet.models.cards.costs import measured
from simnet.models.codecs import CODECS
from simnet.models.codecs import codec as codec_of
from simnet.models.evaluation.scores import exit_scores
from simnet.models.graph import Part
from simnet.models.networks import NETWORKS
from simnet.models.networks.base import Given, Output
from simnet.models.networks.ddnn_2017 import (
    PAIRS,
    PUBLISHED,
    BinaryConv2d,
    BinaryLinear,
    Ddnn2017,
    Ddnn2017Architecture,
    aggregate,
    bytes_per_device,
    raw_bytes,
    sign,
)
from simnet.models.training.recipes import recipe

ONE_EDGE = ((0, 1, 2, 3, 4, 5),)
TWO_EDGES = ((0, 1, 2), (3, 4, 5))


def network(**changes: Any) -> Ddnn2017:
    torch.manual_seed(1)
    return Ddnn2017(Ddnn2017Architecture(**changes)).eval()


def some_views(n: int = 3) -> Tensor:
    return torch.rand((n, 6, 3, 32, 32), generator=torch.Generator().manual_seed(2)) * 2 - 1


def test_sign_and_its_gradient_inside_the_window_only() -> None:
    x = torch.tensor([-1.5, -1.0, -0.2, 0.0, 0.7, 1.0, 1.01], requires_grad=True)
    made = sign(x)
    assert made.tolist() == [-1, -1, -1, 1, 1, 1, 1]
    (made * torch.arange(1.0, 8.0)).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0, 2, 3, 4, 5, 6, 0]


@pytest.mark.parametrize("edges", [(), ONE_EDGE, TWO_EDGES])
def test_what_travels_is_binary_and_of_the_shape_of_the_byte_formula(edges: tuple[tuple[int, ...], ...]) -> None:
    net, views = network(edges=edges), some_views()
    features, scores = net.devices[0](views[:, 0])
    assert features.shape == (3, 4, 16, 16) and scores.shape == (3, 3)
    assert set(features.unique().tolist()) == {-1.0, 1.0}
    if edges:
        senders = len(edges[0])
        given = features[:, None].expand(-1, senders, -1, -1, -1), torch.ones(3, senders, dtype=torch.bool)
        fused, _ = net.edge.edges[0](*given)
        assert fused.shape == (3, net.arch.edge_filters, 8, 8)
        assert set(fused.unique().tolist()) == {-1.0, 1.0}


@pytest.mark.parametrize("codec", list(CODECS))
def test_signs_survive_every_codec(codec: Any) -> None:
    features = network().devices[0](some_views()[:, 0])[0].detach()
    features[0, 0] = 1.0  # a channel without any difference
    assert torch.equal(codec_of(codec).transmit(features), features)
    net, views = network(), some_views()
    assert all(torch.equal(s, net(views)[name]) for name, s in net(views, codec=codec).items())


def test_byte_formula_gives_the_published_sweep() -> None:
    shares = (0, 0.0058, 0.0175, 0.0292, 0.2281, 0.6082, 0.8304, 1.0)
    assert [round(bytes_per_device(3, share)) for share in shares] == [140, 139, 138, 136, 111, 62, 34, 12]
    assert raw_bytes((32, 32)) == 3072 and raw_bytes((32, 32)) / bytes_per_device(3, 0) > 20


VALUES = torch.tensor([[[1.0, -4.0], [3.0, -2.0], [5.0, -6.0]]])


@pytest.mark.parametrize(
    ("kind", "present", "expected"),
    [
        ("max", [1, 1, 1], [5, -2]),
        ("max", [1, 0, 1], [5, -4]),  # no zero of a missing sender wins over a negative value
        ("max", [0, 0, 0], [0, 0]),
        ("mean", [1, 1, 1], [3, -4]),
        ("mean", [0, 1, 1], [4, -4]),
        ("mean", [0, 0, 0], [0, 0]),
        ("concat", [1, 0, 1], [1, -4, 0, 0, 5, -6]),
    ],
)
def test_aggregation_by_hand(kind: Any, present: list[int], expected: list[float]) -> None:
    assert aggregate(VALUES, torch.tensor([present]).bool(), kind).tolist() == [expected]


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("edges", [(), ONE_EDGE, TWO_EDGES])
def test_every_pair_answers_as_its_parts_do(pair: str, edges: tuple[tuple[int, ...], ...]) -> None:
    local, cloud = PAIRS[pair]
    net, views = network(local_fusion=local, cloud_fusion=cloud, edges=edges), some_views()
    present = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 0, 1, 1, 0, 1], [0, 0, 0, 1, 0, 0]]).bool()
    whole = net(views, present)
    reports = [net.devices[v](views[:, v]) for v in range(6)]
    features, scores = (torch.stack(part, 1) for part in zip(*reports, strict=True))
    assert torch.equal(whole["device"], scores)
    assert torch.equal(whole["local"], net.local(scores, present))
    there = present
    if edges:
        made = [net.edge.edges[n](features[:, list(e)], present[:, list(e)]) for n, e in enumerate(edges)]
        features, each = (torch.stack(part, 1) for part in zip(*made, strict=True))
        there = torch.stack([present[:, list(views)].any(1) for views in edges], 1)
        last = each[:, 0] if len(edges) == 1 else net.edge.aggregator(each, there)
        assert torch.equal(whole[net.graph.exits["edge"].name], last)
    assert torch.equal(whole["cloud"], net.cloud(features, there))
    assert tuple(net.graph.exits) == (("local", "edge", "cloud") if edges else ("local", "cloud"))


@pytest.mark.parametrize("edges", [(), ONE_EDGE, TWO_EDGES])
@pytest.mark.parametrize("pair", PAIRS)
def test_a_missing_view_has_no_influence(pair: str, edges: tuple[tuple[int, ...], ...]) -> None:
    local, cloud = PAIRS[pair]
    net, views = network(local_fusion=local, cloud_fusion=cloud, edges=edges), some_views()
    present = torch.tensor([True, True, True, False, False, False]).expand(3, -1)
    other = views.clone()
    other[:, 3:] = -other[:, 3:]
    first, second = net(views, present), net(other, present)
    tested = [segment.name for segment in net.graph.exits.values()]
    assert all(torch.equal(first[name], second[name]) for name in tested)
    assert not all(torch.equal(net(views)[name], first[name]) for name in tested)


def test_one_of_two_edges_is_missing_in_the_scores_too() -> None:
    net, views = network(edges=TWO_EDGES), some_views()
    present = torch.tensor([True, True, True, False, False, False]).expand(3, -1)
    features = torch.stack([net.devices[v](views[:, v])[0] for v in range(3)], 1)
    _, alone = net.edge.edges[0](features, present[:, :3])
    assert torch.equal(net(views, present)["edges"], alone)


@pytest.mark.parametrize("devices", [(4,), (0, 2, 5)])
def test_fewer_devices_use_their_own_views(devices: tuple[int, ...]) -> None:
    net, views = network(devices=devices), some_views()
    scores = net(views)
    of_devices = scores["device"].reshape(3, len(devices), 3)
    for place, view in enumerate(devices):
        assert torch.equal(of_devices[:, place], net.devices[place](views[:, view])[1])
    black = views.clone()
    black[:, [v for v in range(6) if v not in devices]] = -1
    assert all(torch.equal(s, net(black)[name]) for name, s in scores.items())


def test_after_a_step_weights_are_clipped_and_norms_are_not() -> None:
    net = network()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(0).add_(3.0)
    net.after_step()
    assert net.devices[0].block[0].weight.max() == 1 and net.cloud.head.weight.max() == 1
    assert net.devices[0].block[2].weight.min() == 3 and net.cloud.head.bias.min() == 3


@pytest.mark.parametrize("edges", [(), ONE_EDGE, TWO_EDGES])
def test_costs_by_hand(edges: tuple[tuple[int, ...], ...]) -> None:
    net = network(edges=edges, local_fusion="concat")
    costs = measured(net).segments
    assert list(costs) == ["device", "local", *(["edge", "edges"][: len(edges)]), "cloud"]
    assert costs["device"].flop == 2 * (32 * 32 * 4 * 27 + 4 * 256 * 3)
    assert costs["device"].sends == (4, 16, 16)
    local = costs["local"]
    assert (local.flop, local.parameters, local.memory) == (2 * 18 * 3, 57, 4 * (57 + 21) + 6) and local.sends is None
    if edges:
        size = len(edges[0])
        assert costs["edge"].flop == 2 * (256 * 8 * 4 * size * 9 + 8 * 64 * 3)
        assert costs["edge"].sends == (8, 8, 8)
        assert costs["edge"].parameters == sum(p.numel() for p in net.edge.edges[0].parameters())
    assert costs["cloud"].sends is None
    assert costs["cloud"].parameters == sum(p.numel() for p in net.cloud.parameters())


@pytest.mark.parametrize("edges", [(), TWO_EDGES])
def test_architecture_survives_json_and_builds_the_same_network(edges: tuple[tuple[int, ...], ...]) -> None:
    arch = Ddnn2017Architecture(edges=edges, cloud_filters=(8, 8))
    again = Ddnn2017Architecture.from_dict(json.loads(json.dumps({"system": "ddnn-2017", **arch.as_dict()})))
    assert again == arch
    Ddnn2017(again).load_state_dict(Ddnn2017(arch).state_dict())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"devices": ()}, r"devices \(\) are not different views"),
        ({"devices": (1, 0)}, "are not different views of 0..5 in order"),
        ({"devices": (0, 6)}, "are not different views of 0..5 in order"),
        ({"edges": ((0, 1, 2), (2, 3, 4, 5))}, "do not hold every device"),
        ({"edges": ((0, 1, 2, 3, 4, 5), ())}, "do not hold every device"),
        ({"devices": (0, 1), "edges": ((0,),)}, "do not hold every device"),
        ({"local_fusion": "tile"}, "unknown fusion 'tile'"),
        ({"cloud_filters": (0,)}, "at least one filter"),
    ],
)
def test_architectures_that_make_no_network(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Ddnn2017Architecture(**changes)


@pytest.mark.parametrize("data", ["mvmc", "plaza", "cifar10"])
def test_ours_for_every_data_set(data: str) -> None:
    arch = architecture("ddnn-2017", data)
    scores = Ddnn2017(arch)(torch.zeros(2, 6, 3, *arch.view))
    assert scores["cloud"].shape == (2, arch.classes)
    assert replace(arch, view=(32, 32), classes=3) == Ddnn2017Architecture()


@pytest.mark.parametrize("views", [1, 3, 12])
def test_as_many_devices_as_views(views: int) -> None:
    net = Ddnn2017(NETWORKS["ddnn-2017"].for_data("mine", views, (16, 16), 4)).eval()
    scores = net(torch.rand(2, views, 3, 16, 16))
    assert {name: s.shape[-1] for name, s in scores.items()} == {"device": 4, "local": 4, "cloud": 4}
    assert net.graph.seen == list(range(views))


def small_files(folder: Path) -> Path:
    """mvmc in miniature: the class is the colour, camera 1 sees only every second object."""
    random = np.random.default_rng(0)
    for split, n in (("train", 48), ("test", 12)):
        labels = np.arange(n) % 3
        pixels = random.integers(0, 60, (n, 6, 32, 32, 3), dtype=np.uint8)
        for row, label in enumerate(labels):
            pixels[row, ..., label] += 150
        pixels[::2, 0] = 0
        columns: dict[str, Any] = {"label": labels, "frame": np.arange(n), "object": np.zeros(n, np.int64)}
        for view in range(6):
            files = [io.BytesIO() for _ in range(n)]
            for file, image in zip(files, pixels[:, view], strict=True):
                Image.fromarray(image).save(file, "PNG")
            columns[f"view_{view}"] = [file.getvalue() for file in files]
        (folder / "mvmc").mkdir(exist_ok=True)
        pq.write_table(pa.table(columns), folder / "mvmc" / f"{split}.parquet")
    return folder


def test_binary_layers_compute_with_the_signs_of_their_weights_and_learn_the_weights() -> None:
    linear = BinaryLinear(2, 1, bias=False)
    linear.weight = torch.nn.Parameter(torch.tensor([[0.2, -0.7]]))
    out = linear(torch.tensor([[3.0, 5.0]]))
    assert out.item() == 3 - 5
    out.sum().backward()
    assert linear.weight.grad is not None and linear.weight.grad.tolist() == [[3, 5]]
    convolution = BinaryConv2d(1, 1, 3, padding=1, bias=False)
    convolution.weight = torch.nn.Parameter(torch.full((1, 1, 3, 3), -0.01))
    assert convolution(torch.ones(1, 1, 3, 3)).flatten().tolist() == [-4, -6, -4, -6, -9, -6, -4, -6, -4]


def test_published_variant_has_binary_heads_and_a_cloud_that_keeps_its_size() -> None:
    net = network(**PUBLISHED)
    heads = [net.devices[0].head, net.cloud.head]
    assert all(isinstance(head[0], BinaryLinear) and head[0].bias is None for head in heads)
    assert [head[0].in_features for head in heads] == [4 * 16 * 16, 16 * 16 * 16]
    assert all(isinstance(block[0], BinaryConv2d) for block in net.cloud.blocks)
    assert type(net.devices[0].block[0]) is torch.nn.Conv2d  # the devices' convolutions have real weights [R]
    with torch.no_grad():
        net.devices[0].head[0].weight.fill_(3)
        net.after_step()
    assert net.devices[0].head[0].weight.unique().tolist() == [1]


@pytest.mark.parametrize("variant", ["ours", "published"])
def test_study_goes_on_where_it_was_stopped_and_sums_up(
    variant: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simnet.models.studies import base, ddnn2017

    for module in (base, ddnn2017):
        monkeypatch.setattr(module, "EVALUATIONS", tmp_path)
    monkeypatch.setattr(ddnn2017, "recipe", lambda *_: replace(recipe("ours", "mvmc"), epochs=1, batch=16))
    monkeypatch.setattr(ddnn2017, "PAIRS", {"MP-CC": ("max", "concat"), "AP": ("mean", "mean")})
    folder, told = small_files(tmp_path), list[str]()

    def stop_after_three(line: str) -> None:
        told.append(line)
        if len(told) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ddnn2017.run(folder, [1], stop_after_three, variant)
    parts = {"sweep", "alone", "order", "growing", "missing", "fusion", "filters"}
    assert parts.intersection(base.stored(ddnn2017.STUDIES[variant])) == {"sweep"}, "what all six gave, no other yet"
    found = ddnn2017.run(folder, [1], told.append, variant)
    assert len(told) == 1 + 6 + 3 + 6 + 1 + 3  # all; alone; two to four; five; the other pair; 1, 2 and 8 filters
    assert len(set(told)) == len(told) == len(found["runs"])
    again = ddnn2017.run(folder, [1], told.append, variant)
    assert len(told) == len(found["runs"]) and again == found == base.stored(ddnn2017.STUDIES[variant])

    assert found["samples"]["test"] == 12
    assert found["baselines"]["raw_bytes_per_device"] == 3072
    for line in found["sweep"]:
        assert line["bytes"]["mean"] == 12 + 128 * (1 - line["local_share"]["mean"])
    assert found["alone"][0]["seen"] == {"samples": 12, "seeds": [1], "per_seed": [0.5], "mean": 0.5}
    assert [len(entry["cameras"]) for entry in found["growing"]] == [1, 2, 3, 4, 5, 6]
    five = found["growing"][4]["cameras"]
    (left_out,) = set(range(6)) - set(five)
    assert found["growing"][4]["system"] == found["missing"][left_out]["retrained"]["system"]
    assert [entry["pair"] for entry in found["fusion"]] == ["MP-CC", "AP"]
    assert found["filters"][2]["system"] == found["growing"][-1]["system"]
    for filters, entry in zip((1, 2, 4, 8), found["filters"], strict=True):
        assert all(t["bytes"]["mean"] == 12 + 32 * filters * (1 - t["local_share"]["mean"]) for t in entry["sweep"])


class Tinted(FakeViews):
    """A split of noise in which the class is the colour that is a little darker."""

    name = "tinted"
    class_names = ("red", "green", "blue")

    def __init__(self, seed: int, n: int = 200) -> None:
        random = np.random.default_rng(seed)
        self.split, self.view_shape, self.views = "test", (3, 32, 32), 6
        self.labels = random.integers(0, 3, n)
        self._views = random.integers(10, 256, (n, 6, 3, 32, 32), dtype=np.uint8)
        self._views[np.arange(n), :, self.labels] -= 4


class Darkest(Ddnn2017):
    """Scores by how dark the colours are, locally of two cameras, in the cloud of all."""

    def run(self, part: Part, given: Sequence[Given]) -> Output:
        values, present = given[0]
        if part.segment == "device":
            dark = -100 * values[:, 0].mean((-2, -1))
            return Output(dark, dark)
        heard = values * present[..., None]
        return Output(None, heard[:, :2].mean(1) if part.segment == "local" else heard.mean(1))


def test_study_takes_thresholds_from_validation_and_lets_cameras_fail() -> None:
    from simnet.models.evaluation.calibration import calibrated
    from simnet.models.evaluation.outcome import Exits
    from simnet.models.studies.ddnn2017 import _measured, _Views

    net = Darkest(Ddnn2017Architecture())
    held_out, test = _Views(Tinted(1)), _Views(Tinted(2))
    found = _measured(net, held_out, test)
    everywhere = torch.ones(200, 6, dtype=torch.bool)

    def answered(view: _Views, present: Tensor) -> dict[str, Any]:
        with torch.inference_mode():
            return {name: s.numpy() for name, s in net(net.prepare(view.pixels), present).items()}

    at = [Exits(exit_scores(net, answered(v, everywhere)), v.labels) for v in (held_out, test)]
    chosen, others = (calibrated(exits).thresholds for exits in at)
    assert tuple(found["thresholds"]) == chosen != others
    assert found["system"] == at[1].outcome(chosen).system_accuracy and 0 < found["shares"]["local"] < 1
    for camera, failing in enumerate(found["failing"]):
        present = everywhere.clone()
        present[:, camera] = False
        scores = answered(test, present)
        forced = {name: float((scores[name].argmax(1) == test.labels).mean()) for name in ("local", "cloud")}
        assert failing["forced"] == forced
        assert (forced["local"] == found["forced"]["local"]) == (camera > 1)
