"""The joint loss of DistrEE by hand, nodes that drop out, the groups of channels, the ridge maps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from students import small
from torch import Tensor

from simnet.models.networks import NETWORKS
from simnet.models.networks.base import Network
from simnet.models.networks.students.distillation import Distillation, Ridge, _kept, grouped
from simnet.models.training.training import Recipe

WEIGHTS = {"head-1": 0.4, "head-2": 0.6, "head-3": 0.8, "head-4": 1.0}
ALL_STAY = {"distillation": 0.5, "temperature": 3.0, "transfer": 0.05, "node_dropout": 0.0}


def views(count: int = 24, seed: int = 0) -> Tensor:
    return torch.randn((count, 1, 3, 16, 16), generator=torch.Generator().manual_seed(seed))


def plain() -> Iterator[Tensor]:
    yield views(40, 1)
    yield views(24, 2)


def teacher(features: int = 16) -> Network:
    torch.manual_seed(5)
    arch = NETWORKS["whole-resnet"].Architecture(view=(16, 16), widths=(4, 6), blocks=1, features=features)
    return NETWORKS["whole-resnet"](arch).eval()


def objective(network: Network, taught: Network | None, name: str | None, **values: float) -> Distillation:
    recipe = Recipe(teacher=name, objective={**ALL_STAY, **values}, loss_weights=WEIGHTS)
    return Distillation(network, 4, recipe, taught, plain)


def softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def cross_entropy(scores: np.ndarray, labels: np.ndarray) -> float:
    return float(-np.log(softmax(scores)[np.arange(len(labels)), labels]).mean())


def by_hand(
    network: Any, x: Tensor, labels: Tensor, scores_t: np.ndarray, features_t: np.ndarray, alphas: list[float]
) -> float:
    """Σ_e w_e·[(1−α)·CE + α·t²·KL(σ(s_T/t) ‖ σ(s_e/t))] + β·Σ_e w_e·mean((F_e − F)²)."""
    total, t = 0.0, 3.0
    with torch.no_grad():
        joined = network.joined(x)
        for n, (weight, alpha) in enumerate(zip(WEIGHTS.values(), alphas, strict=True)):
            scores = network.heads[n](joined[n]).double().numpy()
            p, q = softmax(scores_t / t), softmax(scores / t)
            kl = float((p * np.log(p / q)).sum(1).mean())
            moved = float(((joined[n].double().numpy() - features_t) ** 2).mean())
            ce = cross_entropy(scores, labels.numpy())
            total += weight * ((1 - alpha) * ce + alpha * t * t * kl + 0.05 * moved)
    return total


def test_the_loss_with_a_teacher_by_hand() -> None:
    network, taught = small(), teacher()
    x, labels = views(), torch.arange(24) % 10
    loss = objective(network, taught, "some")
    with torch.no_grad():
        pooled = torch.relu(torch.zeros(1))  # of the plain views, for the spread
        made = [taught.run(taught.graph.parts_of("whole")[0], [_given(v)]) for v in (*plain(), x)]
        spread = torch.cat([made[0].features, made[1].features]).std()  # type: ignore[list-item]
        assert pooled is not None
        scores_t, features_t = made[2].scores, made[2].features
    assert scores_t is not None and features_t is not None
    assert sorted(loss.channels.tolist()) == list(range(16)), "every channel is learned by one node"
    wanted = (features_t[:, loss.channels] / spread).double().numpy()
    expected = by_hand(network, x, labels, scores_t.double().numpy(), wanted, [0.5] * 4)
    total, parts = loss.loss(x, labels, torch.Generator().manual_seed(0))
    assert float(total.detach()) == pytest.approx(expected, rel=1e-4)
    assert list(parts) == ["head-1", "head-2", "head-3", "head-4", "distillation", "transfer"]


def _given(x: Tensor) -> Any:
    from simnet.models.networks.base import Given

    return Given(x, torch.ones(len(x), 1, dtype=torch.bool))


def test_without_one_the_last_stage_teaches_the_others_and_learns_from_labels_alone() -> None:
    network: Any = small()
    x, labels = views(), torch.arange(24) % 10
    with torch.no_grad():
        last = network.joined(x)[3]
        scores, own = network.heads[3](last).double().numpy(), (last / last.std()).double().numpy()
    expected = by_hand(network, x, labels, scores, own, [0.5, 0.5, 0.5, 0.0])
    total, _ = objective(network, None, "itself").loss(x, labels, torch.Generator().manual_seed(0))
    assert float(total.detach()) == pytest.approx(expected, rel=1e-4)
    total.backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None for p in network.parameters())


def test_without_any_teacher_it_is_the_labels_alone() -> None:
    network: Any = small()
    x, labels = views(), torch.arange(24) % 10
    total, parts = objective(network, None, None).loss(x, labels, torch.Generator().manual_seed(0))
    with torch.no_grad():
        ce = [
            cross_entropy(h(f).double().numpy(), labels.numpy())
            for h, f in zip(network.heads, network.joined(x), strict=True)
        ]
    assert float(total.detach()) == pytest.approx(
        sum(w * c for w, c in zip(WEIGHTS.values(), ce, strict=True)), rel=1e-5
    )
    assert list(parts) == list(WEIGHTS)


def test_nodes_drop_out_in_all_stages_and_one_always_stays() -> None:
    present = _kept(4_000, 4, 0.15, torch.Generator().manual_seed(3))
    assert present.any(1).all()
    # Each is missing with 0.15, but the one that is kept: 0.15 · 3/4.
    assert float((~present).float().mean()) == pytest.approx(0.1125, abs=0.01)
    assert _kept(500, 4, 0.999, torch.Generator().manual_seed(3)).sum(1).float().mean() < 1.1
    network: Any = small()
    wanted = list(present[:24].unbind())
    joined = network.joined(views(), torch.stack(wanted))
    for features in joined:
        zero = (features.unflatten(1, (4, 4)) == 0).all(2)
        assert torch.equal(zero, ~torch.stack(wanted))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"distilation": 0.5}, "there is no 'distilation'; known: distillation, temperature"),
        ({"distillation": 1.5}, "shares from 0 to 1"),
        ({"node_dropout": 1.0}, "shares from 0 to 1"),
        ({"temperature": 0.0}, "must be positive"),
        ({"transfer": -1.0}, "not negative"),
    ],
)
def test_what_makes_no_objective_is_said(values: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        objective(small(), None, None, **values)


def test_a_teacher_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="the teacher has 12 features and 10 classes, not 16 and 10"):
        objective(small(), teacher(12), "some")


def test_channels_that_vary_together_come_into_one_group() -> None:
    """Three sources, each in four channels with either sign, dealt out in turn."""
    random = torch.Generator().manual_seed(0)
    sources = torch.randn((500, 3), generator=random)
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0]).repeat_interleave(3)
    features = sources.repeat(1, 4) * signs + 0.1 * torch.randn((500, 12), generator=random)
    assert sorted(grouped(features, 3)) == [[0, 3, 6, 9], [1, 4, 7, 10], [2, 5, 8, 11]]
    flat = torch.zeros(20, 6)
    assert sorted(c for group in grouped(flat, 2) for c in group) == list(range(6)), "channels that say nothing, too"


def test_ridge_is_the_closed_form() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(50, 4)), random.normal(size=(50, 3))
    way = Ridge(4, 3)
    for start in (0, 20):
        stop = 20 if start == 0 else 50
        way.add(torch.from_numpy(x[start:stop]), torch.from_numpy(y[start:stop]))
    weight, bias = way.solve(10.0)
    whole = np.c_[x, np.ones(50)]
    expected = np.linalg.solve(whole.T @ whole + 10 * np.eye(5), whole.T @ y)
    assert np.allclose(weight.numpy(), expected[:-1].T) and np.allclose(bias.numpy(), expected[-1])


@pytest.mark.parametrize("name", ["itself", "some"])
def test_at_the_end_the_maps_are_fitted_to_the_teacher_or_to_the_last_stage(name: str) -> None:
    network: Any = small()
    taught = teacher() if name == "some" else None
    objective(network, taught, name).conclude(network, plain)
    with torch.no_grad():
        features = [torch.cat(each).double().numpy() for each in zip(*map(network.joined, plain()), strict=True)]
        if taught is None:
            target = features[3]
        else:
            made = [taught.run(taught.graph.parts_of("whole")[0], [_given(v)]).features for v in plain()]
            target = torch.cat(made).double().numpy()  # type: ignore[arg-type]
    for number, place in enumerate(network.aligned):
        whole = np.c_[features[number], np.ones(64)]
        expected = np.linalg.solve(whole.T @ whole + 10 * np.eye(17), whole.T @ target)
        assert np.allclose(place.weight.numpy(), expected[:-1].T, atol=1e-4)
        assert np.allclose(place.bias.numpy(), expected[-1], atol=1e-4)
