"""Networks: whole or in parts the same, fusion by hand, costs by hand."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np
import pytest
import torch
from torch import Tensor
from weights import architecture, random_network, untrained

from simnet.models.cards.costs import measured
from simnet.models.data.cifar10 import DEFAULT_CUT
from simnet.models.graph import Part
from simnet.models.networks.ada_ddnn import AdaDdnn
from simnet.models.networks.base import Network
from simnet.models.networks.ddnn import Ddnn
from simnet.models.networks.layers import (
    FUSION_KINDS,
    ExitClassifier,
    FusionKind,
    ResLayer,
    TwoConvLayer,
    extractor,
    fuse,
    fused_channels,
)
from simnet.models.networks.passes import Pass
from simnet.models.networks.residual import SHALLOW_GRID, ResidualArchitecture

SYSTEMS = ("ddnn", "ada-ddnn")
SETTINGS = [(system, data) for system in SYSTEMS for data in ("cifar10", "plaza")]


def some_views(network: Network, n: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    size = (n, network.graph.views, *network.graph.view)
    return network.prepare(torch.randint(0, 256, size, generator=generator, dtype=torch.uint8))


@pytest.mark.parametrize("kind", [ResLayer, TwoConvLayer])
@pytest.mark.parametrize("outputs", [8, 16])
def test_a_layer_without_gradients_gives_the_same_bits_and_leaves_its_input_alone(
    kind: type[ResLayer] | type[TwoConvLayer], outputs: int
) -> None:
    """With gradients the sum and its ReLU are tensors of their own, without them they are made in place."""
    layer = kind(8, outputs).eval()
    given = torch.randn(32, 8, 6, 6, generator=torch.Generator().manual_seed(1))
    before = given.clone()
    with torch.no_grad():
        found = layer(given)
    assert torch.equal(given, before)
    assert torch.equal(found, layer(given.requires_grad_()).detach())
    assert (found >= 0).all() and found.any()


@pytest.mark.parametrize("fusion", FUSION_KINDS)
@pytest.mark.parametrize("system", SYSTEMS)
@torch.inference_mode()
def test_whole_equals_parts(system: str, fusion: FusionKind) -> None:
    network = random_network(system, "cifar10", fusion=fusion)
    views = some_views(network)
    present = torch.tensor([[True] * 6, [True, False] * 3, [False] * 5 + [True]])
    whole = network(views, present)
    reports = [network.devices[v](views[:, v]) for v in range(6)]
    fused, edge = network.edge(torch.stack([features for features, _ in reports], dim=1), present)
    torch.testing.assert_close(whole["edge"], edge, rtol=0, atol=0)
    torch.testing.assert_close(whole["cloud"], network.cloud(fused), rtol=0, atol=0)
    if system == "ada-ddnn":
        torch.testing.assert_close(whole["device"], torch.stack([s for _, s in reports], dim=1), rtol=0, atol=0)
    else:
        assert set(whole) == {"edge", "cloud"} and all(scores is None for _, scores in reports)


@pytest.mark.parametrize(("system", "data"), SETTINGS)
@torch.inference_mode()
def test_all_views_is_the_default_and_batches_do_not_matter(system: str, data: str) -> None:
    network = random_network(system, data)
    views = some_views(network)
    together, explicit = network(views), network(views, torch.ones(3, 6, dtype=torch.bool))
    for name, scores in together.items():
        torch.testing.assert_close(scores, explicit[name], rtol=0, atol=0)
        alone = torch.cat([network(views[i : i + 1])[name] for i in range(3)])
        torch.testing.assert_close(scores, alone, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_what_a_missing_camera_sees_does_not_matter() -> None:
    for fusion in FUSION_KINDS:
        network = random_network("ada-ddnn", "cifar10", fusion=fusion)
        views = some_views(network, 1)
        other = views.clone()
        other[:, 2] = -other[:, 2]
        present = torch.tensor([[True, True, False, True, True, True]])
        assert torch.equal(network(views, present)["cloud"], network(other, present)["cloud"])
        assert not torch.equal(network(views, present)["cloud"], network(views)["cloud"])


def test_fusion_by_hand() -> None:
    features = torch.arange(1.0, 7.0).reshape(1, 6, 1, 1, 1)
    present = torch.tensor([[True, False, True, False, False, False]])
    assert fuse(features, present, "concat").flatten().tolist() == [1, 0, 3, 0, 0, 0]
    assert fuse(features, present, "tile")[0, 0].tolist() == [[1, 0], [3, 0], [0, 0]]
    assert fuse(features, present, "max").flatten().tolist() == [3]
    assert fuse(features, present, "mean").flatten().tolist() == [2]
    assert fuse(features, ~present, "max").flatten().tolist() == [6]
    assert fuse(features, ~present, "mean").flatten().tolist() == [(2 + 4 + 5 + 6) / 4]


@pytest.mark.parametrize("kind", FUSION_KINDS)
def test_no_view_at_all_fuses_to_zeros(kind: FusionKind) -> None:
    fused = fuse(torch.rand(2, 6, 4, 3, 3), torch.zeros(2, 6, dtype=torch.bool), kind)
    assert fused.shape[1] == fused_channels(kind, 6, 4)
    assert not fused.any()


def test_tile_puts_the_patches_of_the_cut_back_in_place() -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
    patches = torch.from_numpy(DEFAULT_CUT(images))
    tiled = fuse(patches, torch.ones(2, 6, dtype=torch.bool), "tile")
    np.testing.assert_array_equal(tiled.numpy(), images[:, :, 1:31])


@pytest.mark.parametrize(("inputs", "outputs"), [(3, 8), (8, 8)])
@pytest.mark.parametrize("size", [(1, 1), (10, 16), (7, 5)])
@torch.inference_mode()
def test_reslayer_keeps_the_size_and_adds_its_input(inputs: int, outputs: int, size: tuple[int, int]) -> None:
    layer = ResLayer(inputs, outputs).eval()
    assert layer.conv.kernel_size == (3, 3) and layer.conv.stride == (1, 1) and layer.conv.padding == (1, 1)
    x = torch.randn(2, inputs, *size)
    assert layer(x).shape == (2, outputs, *size)
    torch.nn.init.zeros_(layer.conv.weight)
    torch.testing.assert_close(layer(x), torch.relu(layer.shortcut(x)))


@pytest.mark.parametrize(("inputs", "outputs"), [(3, 8), (8, 8)])
@torch.inference_mode()
def test_layer_of_two_convolutions_adds_its_input_only_where_it_fits(inputs: int, outputs: int) -> None:
    layer = TwoConvLayer(inputs, outputs).eval()
    convolutions = [m for m in layer.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [c.kernel_size for c in convolutions] == [(3, 3), (3, 3)] and all(c.bias is not None for c in convolutions)
    x = torch.randn(2, inputs, 5, 4)
    for parameter in convolutions[1].parameters():
        torch.nn.init.zeros_(parameter)
    torch.testing.assert_close(layer(x), torch.relu(x) if inputs == outputs else torch.zeros(2, outputs, 5, 4))


def test_pooling_loses_no_row_of_an_odd_map() -> None:
    assert extractor(3, (4, 4), (1, 2))(torch.zeros(1, 3, 5, 7)).shape == (1, 4, 2, 2)


@torch.inference_mode()
def test_pooling_before_the_first_layer_takes_means() -> None:
    pool = extractor(1, (1,), (0,), 2, "mean")[0]
    assert pool(torch.arange(4.0).reshape(1, 1, 2, 2)).item() == 1.5


@torch.inference_mode()
def test_lineages_networks_are_those_of_the_public_code() -> None:
    """1.05 M parameters; the cloud pools first, and that of algorithm 1 has all five layers."""
    shape = {"views": 6, "view": (16, 10), "classes": 10}
    ada, ddnn = (kind(kind.Architecture(**shape, **kind.variants["lineage"])).eval() for kind in (AdaDdnn, Ddnn))
    views = torch.zeros(1, 6, 3, 16, 10)
    assert ada.devices[0](views[:, 0])[0].shape == (1, 16, 16, 10)
    sent, _ = ada.edge(torch.zeros(1, 6, 16, 16, 10), torch.ones(1, 6, dtype=torch.bool))
    assert sent.shape == (1, 128, 16, 10) and ada.cloud.extractor[0](sent).shape == (1, 128, 8, 5)
    assert ddnn.edge(torch.zeros(1, 6, 16, 16, 10), torch.ones(1, 6, dtype=torch.bool))[0].shape == (1, 96, 16, 10)
    assert sum(isinstance(m, TwoConvLayer) for m in ddnn.cloud.modules()) == 5
    assert round(sum(p.numel() for p in ada.parameters()) / 1e6, 2) == 1.05


@torch.inference_mode()
def test_classifier_on_a_grid() -> None:
    scores = ExitClassifier(2, 5, grid=4)(torch.rand(3, 2, 8, 6))
    assert scores.shape == (3, 5)


@pytest.mark.parametrize("data", ["cifar10", "plaza"])
def test_both_systems_differ_only_by_the_idea(data: str) -> None:
    ada, ddnn = random_network("ada-ddnn", data), random_network("ddnn", data)
    for network in (ada, ddnn):
        assert len(network.devices) == 6
        for device in network.devices:
            assert sum(isinstance(m, ResLayer) for m in device.modules()) == 4
    layers = [[m for m in part.modules() if isinstance(m, ResLayer)] for part in (ada.edge, ada.cloud)]
    assert layers[0], "the edge of ADA-DDNN has a deeper extractor"
    assert not any(isinstance(m, ResLayer) for m in ddnn.edge.modules())
    deep = [m for m in ddnn.cloud.modules() if isinstance(m, ResLayer)]
    assert [m.conv.weight.shape for m in deep] == [m.conv.weight.shape for part in layers for m in part]


@torch.inference_mode()
def test_ddnn_sends_on_the_fused_features_themselves() -> None:
    network = random_network("ddnn", "plaza")
    features, present = torch.rand(2, 6, 8, 8, 8), torch.tensor([[True] * 6, [False] + [True] * 5])
    assert torch.equal(network.edge(features, present)[0], fuse(features, present, "concat"))


def conv_flop(inputs: int, outputs: int, kernel: int, area: int) -> int:
    return 2 * inputs * outputs * kernel**2 * area


def extractor_by_hand(
    inputs: int, widths: tuple[int, ...], pools: tuple[int, ...], size: tuple[int, int]
) -> tuple[int, int, tuple[int, int]]:
    """FLOP, parameters and the size of the features."""
    flop = parameters = 0
    for number, (before, after) in enumerate(pairwise((inputs, *widths)), start=1):
        flop += conv_flop(before, after, 3, prod(size))
        parameters += 9 * before * after + 2 * after
        if before != after:
            flop += conv_flop(before, after, 1, prod(size))
            parameters += before * after
        if number in pools:
            size = (-(-size[0] // 2), -(-size[1] // 2))
    return flop, parameters, size


@pytest.mark.parametrize(("system", "data"), SETTINGS)
@torch.inference_mode()
def test_costs_equal_a_hand_count(system: str, data: str) -> None:
    network = random_network(system, data)
    arch, costs = network.arch, measured(network).segments
    width, ada = arch.device_widths[-1], system == "ada-ddnn"

    flop, parameters, size = extractor_by_hand(3, arch.device_widths, arch.device_pools, arch.view)
    shallow = width * SHALLOW_GRID**2
    if ada:
        flop, parameters = flop + 2 * shallow * 10, parameters + 10 * (shallow + 1)
    assert (costs["device"].flop, costs["device"].parameters) == (flop, parameters)
    assert costs["device"].sends == (width, *size)

    if arch.fusion == "tile":
        size = (3 * size[0], 2 * size[1])
    fused = fused_channels(arch.fusion, 6, width)
    if ada:
        flop, parameters, size = extractor_by_hand(fused, arch.edge_widths, arch.edge_pools, size)
        fused = arch.edge_widths[-1]
        flop, parameters = flop + 2 * fused * 10, parameters + 10 * (fused + 1)
        deeper, pools = arch.cloud_widths, arch.cloud_pools
    else:
        cells = fused * arch.fused_grid**2
        flop, parameters = 2 * cells * 10, 10 * (cells + 1)
        deeper = arch.edge_widths + arch.cloud_widths
        pools = arch.edge_pools + tuple(len(arch.edge_widths) + p for p in arch.cloud_pools)
    assert (costs["edge"].flop, costs["edge"].parameters) == (flop, parameters)
    assert costs["edge"].sends == (fused, *size)

    flop, parameters, _ = extractor_by_hand(fused, deeper, pools, size)
    last = deeper[-1]
    assert costs["cloud"].flop == flop + 2 * last * 10
    assert costs["cloud"].parameters == parameters + 10 * (last + 1)
    assert costs["cloud"].sends is None

    everything = 6 * costs["device"].parameters + costs["edge"].parameters + costs["cloud"].parameters
    assert everything == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("system", "data"), SETTINGS)
@torch.inference_mode()
def test_feature_shapes_are_the_real_tensors(system: str, data: str) -> None:
    network = random_network(system, data)
    costs = measured(network).segments
    features = torch.stack([d(some_views(network)[:, v])[0] for v, d in enumerate(network.devices)], dim=1)
    fused, _ = network.edge(features, torch.ones(3, 6, dtype=torch.bool))
    assert [features.shape[2:], fused.shape[1:]] == [costs[s].sends for s in ("device", "edge")]
    for segment, module in (("device", network.devices[0]), ("edge", network.edge), ("cloud", network.cloud)):
        weights = sum(t.numel() * t.element_size() for t in module.state_dict().values())
        assert costs[segment].memory > weights


def test_prepared_pixels() -> None:
    network = random_network("ddnn", "plaza")
    assert network.prepare(torch.tensor([0, 255], dtype=torch.uint8)).tolist() == [-1, 1]


def test_unknown_fusion_and_tiles_of_other_views() -> None:
    arch = architecture("ddnn", "plaza").as_dict()
    with pytest.raises(ValueError, match="unknown fusion 'sum'"):
        ResidualArchitecture.from_dict({**arch, "fusion": "sum"})
    with pytest.raises(ValueError, match="3 x 2 patches in place, not 5"):
        ResidualArchitecture.from_dict({**arch, "fusion": "tile", "views": 5})
    with pytest.raises(TypeError, match="depth"):
        ResidualArchitecture.from_dict({**arch, "depth": 3})


def test_architecture_survives_the_card() -> None:
    import json

    arch = architecture("ada-ddnn", "cifar10")
    assert ResidualArchitecture.from_dict(json.loads(json.dumps(arch.as_dict()))) == arch


@pytest.mark.parametrize("views", [1, 3, 6, 12])
@pytest.mark.parametrize("system", SYSTEMS)
@torch.inference_mode()
def test_any_number_of_views(system: str, views: int) -> None:
    """Whole = parts, batched = unbatched, and a pass by what arrived = one by which views are there."""
    network = random_network(system, "plaza", views=views)
    given = some_views(network, 4)
    assert network.graph.views == views and network.arch.fusion == "concat"
    present = torch.ones(4, views, dtype=torch.bool)
    present[1, ::2] = present[2, : views // 2] = False
    whole = network(given, present)
    reports = [network.devices[v](given[:, v]) for v in range(views)]
    fused, edge = network.edge(torch.stack([features for features, _ in reports], dim=1), present)
    assert torch.equal(whole["edge"], edge) and torch.equal(whole["cloud"], network.cloud(fused))
    for row in range(4):
        alone = network(given[row : row + 1], present[row : row + 1])
        arrived = sum(1 << v for v in range(views) if present[row, v])
        walk = Pass(network, given[row : row + 1])
        for name in ("edge", "cloud"):
            torch.testing.assert_close(whole[name][row : row + 1], alone[name], rtol=1e-4, atol=1e-4)
            if arrived:
                assert torch.equal(walk.scores(Part(name), network.graph.of_views(arrived)), alone[name])


def test_default_architectures_follow_the_data() -> None:
    """Tiles put six patches back in place; any other number of views is stacked."""
    assert Ddnn.for_data("cifar10", 6, (10, 16), 10).fusion == "tile"
    assert Ddnn.for_data("cifar10", 12, (10, 16), 10).fusion == "concat"
    mine = Ddnn.for_data("mine", 3, (16, 20), 4)
    assert (mine.views, mine.view, mine.classes) == (3, (16, 20), 4)
    assert untrained("ddnn", mine)(torch.zeros(1, 3, 3, 16, 20))["cloud"].shape == (1, 4)


@torch.inference_mode()
def test_a_pass_forgets_what_was_made_of_other_parts() -> None:
    """The devices stay, so that many subsets of views cost one run of them; the answers are the same."""
    network = random_network("ada-ddnn", "plaza")
    ran: list[str] = []
    for module, name in ((network.devices[0], "device"), (network.edge, "edge")):
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
    walk = Pass(network, some_views(network))
    first = walk.scores(Part("cloud"))
    walk.forget()
    assert torch.equal(walk.scores(Part("cloud")), first) and ran == ["device", "edge", "edge"]
