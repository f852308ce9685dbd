"""Training: the joint loss by hand, augmentation, learning, checkpoints that resume bit for bit."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fake_views import FakeViews, use_fake_views
from weights import architecture

from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.models.data.cifar10 import CLASSES, DEFAULT_CUT, Cifar10
from simnet.models.networks import NETWORKS
from simnet.models.networks.dapdee import ResNetArchitecture
from simnet.models.networks.ddnn_2017 import Ddnn2017Architecture
from simnet.models.training.publish import publish
from simnet.models.training.recipes import changed, recipe, settings_of
from simnet.models.training.training import Recipe, Training, TrainingData, _rate, joint_loss, shift_and_flip
from simnet.systems import bytes_until

RECIPE = Recipe(epochs=2, batch=16, shift=1, warm_up=0.5)


@pytest.fixture(autouse=True)
def one_thread_and_fake_views(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    use_fake_views(monkeypatch)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


DDNN_2017 = replace(recipe("paper", "mvmc"), epochs=2, batch=16)


def tiny(system: str = "ada-ddnn") -> Any:
    arch = architecture(system, "plaza")
    if isinstance(arch, Ddnn2017Architecture):
        return replace(arch, edges=((0, 1, 2), (3, 4, 5)), cloud_filters=(8,))
    return replace(arch, device_widths=(4,) * 4, edge_widths=(8, 8), cloud_widths=(8, 8))


def begin(system: str = "ada-ddnn", recipe: Recipe | None = None) -> Training:
    usual = DDNN_2017 if system == "ddnn-2017" else RECIPE
    return Training(system, tiny(system), "plaza", recipe or usual, None, "cpu")


def nothing() -> None:
    """Advance no bar."""


@pytest.mark.parametrize("devices", [(2,), (2, 4)])
def test_of_a_single_device_only_what_it_sees_counts_too(devices: tuple[int, ...]) -> None:
    """As with several devices: the loss of one that sees nothing of a sample leaves it out."""
    run = begin("ddnn-2017")
    run.network = NETWORKS["ddnn-2017"](replace(tiny("ddnn-2017"), devices=devices, edges=()))
    views = torch.randint(1, 256, (6, 6, 3, 32, 32), dtype=torch.uint8)
    views[:3, devices[0]] = 0
    scores, labels = run.network(run.network.prepare(views)), torch.arange(6)
    seen = views.flatten(2).any(-1)[:, run._own_views].bool()
    _, parts = joint_loss(run._trained(scores), labels, run.recipe, seen)
    own = scores["device"].reshape(6, len(devices), -1)
    each = [torch.nn.functional.cross_entropy(own[s, d], labels[s]) for d, s in enumerate(seen.T)]
    assert parts["device"].item() == pytest.approx(sum(one.item() for one in each), rel=1e-5)


def test_joint_loss_by_hand() -> None:
    log = math.log
    scores = {
        "device": torch.tensor([[[log(1), log(3)], [log(2), log(2)]], [[log(3), log(1)], [log(1), log(1)]]]),
        "edge": torch.tensor([[log(4), log(1)], [log(1), log(4)]]),
        "cloud": torch.tensor([[log(9), log(1)], [log(9), log(1)]]),
    }
    how = Recipe(loss_weights={"device": 0.5, "edge": 2.0, "cloud": 1.0})
    total, parts = joint_loss(scores, torch.tensor([0, 1]), how)
    device = (log(4) + log(2) + log(4) + log(2)) / 4
    edge = log(5 / 4)
    cloud = (log(10 / 9) + log(10)) / 2
    assert {k: v.item() for k, v in parts.items()} == pytest.approx({"device": device, "edge": edge, "cloud": cloud})
    assert total.item() == pytest.approx(0.5 * device + 2 * edge + cloud)


def test_a_device_loss_leaves_out_what_it_does_not_see() -> None:
    log = math.log
    scores = {
        "device": torch.tensor([[[log(1), log(3)], [log(2), log(2)]], [[log(3), log(1)], [log(1), log(7)]]]),
        "local": torch.tensor([[log(4), log(1)], [log(1), log(4)]]),
    }
    seen = torch.tensor([[True, False], [True, False]])
    for together, expected in ((True, log(4)), (False, log(4) / 2)):  # the second device sees nothing: no loss, not NaN
        how = Recipe(sum_devices=together, loss_weights={"device": 1.0})
        total, parts = joint_loss(scores, torch.tensor([0, 1]), how, seen)
        assert parts["device"].item() == pytest.approx(expected)
        assert total.item() == pytest.approx(expected + log(5 / 4))  # a classifier without a weight counts 1
    scores["device"].requires_grad_()
    joint_loss(scores, torch.tensor([0, 1]), Recipe(), seen)[1]["device"].backward()
    assert scores["device"].grad is not None and not scores["device"].grad[:, 1].any()


def test_rate_warms_up_and_anneals_to_zero() -> None:
    rates = [_rate(step, 10, 4) for step in range(10)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4] == 1.0 and rates[7] == pytest.approx(0.5)
    assert rates[4:] == sorted(rates[4:], reverse=True) and _rate(10, 10, 4) == pytest.approx(0)
    assert [_rate(step, 10, 4, anneal=False) for step in (0, 3, 4, 9)] == [0.25, 1.0, 1.0, 1.0]


def numbered(n: int, h: int = 6, w: int = 5) -> torch.Tensor:
    """Images whose every pixel value names its place."""
    return torch.arange(h * w, dtype=torch.uint8).reshape(1, 1, h, w).expand(n, 3, -1, -1)


def test_without_shift_an_image_stays_or_is_mirrored() -> None:
    images = numbered(64)
    made = shift_and_flip(images, 0, torch.Generator().manual_seed(1))
    same = (made == images).flatten(1).all(1)
    mirrored = (made == images.flip(3)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 16 < int(mirrored.sum()) < 48


def test_nothing_is_mirrored_without_flips() -> None:
    images = numbered(64)
    assert torch.equal(shift_and_flip(images, 0, torch.Generator().manual_seed(1), flips=False), images)


@pytest.mark.parametrize(("border", "mode"), [("repeat", "replicate"), ("zeros", "constant")])
def test_shift_moves_by_whole_pixels_and_fills_the_border(border: str, mode: str) -> None:
    images = numbered(200) + 1  # so that no pixel is black
    made = shift_and_flip(images, 2, torch.Generator().manual_seed(1), border=border)
    padded = torch.nn.functional.pad(images[:1].float(), (2, 2, 2, 2), mode=mode).to(torch.uint8)
    windows = [padded[0, 0, y : y + 6, x : x + 5] for y in range(5) for x in range(5)]
    allowed = {tuple(w.flatten().tolist()) for window in windows for w in (window, window.flip(1))}
    seen = {tuple(image[0].flatten().tolist()) for image in made}
    assert seen <= allowed
    assert len(seen) > len(allowed) / 2
    assert torch.equal(made[:, 0], made[:, 2])  # the colours move together
    again = shift_and_flip(images, 2, torch.Generator().manual_seed(1), border=border)
    assert torch.equal(made, again)


def test_cifar10_is_augmented_whole_and_then_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (8, 3, 32, 32), dtype=np.uint8)

    class Eight(Cifar10):
        labels = np.arange(8)

        def __init__(self) -> None:
            self.split = "train"
            self._set_cut(None)

        def __len__(self) -> int:
            return 8

        def images(self, indices: object) -> np.ndarray:
            return images

    data = TrainingData(Eight(), shift=0)
    ((views, labels),) = data.batches(8, seed=3)
    assert sorted(labels.tolist()) == list(range(8)) and len(CLASSES) == 10
    for patches, label in zip(views.numpy(), labels.tolist(), strict=True):
        image = images[label : label + 1]
        assert any(np.array_equal(patches, DEFAULT_CUT(i)[0]) for i in (image, image[..., ::-1]))


def test_batches_follow_the_seed_and_leave_out_the_rest() -> None:
    data = TrainingData(FakeViews("train", side=8), shift=1)
    first, again, other = ([labels.tolist() for _, labels in data.batches(20, seed)] for seed in (1, 1, 2))
    assert [len(labels) for labels in first] == [20, 20]
    assert first == again != other


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn", "ddnn-2017"])
def test_training_lowers_the_loss(system: str) -> None:
    usual = replace(DDNN_2017, rate=5e-3) if system == "ddnn-2017" else RECIPE
    run = begin(system, replace(usual, epochs=8))
    steps = []
    for _ in range(8):
        run.run_epoch(lambda: steps.append(1))
    assert len(steps) == 8 * run.steps == 24
    losses = [line["loss"]["total"] for line in run.log]
    assert losses[-1] < 0.8 * losses[0]
    assert [line["epoch"] for line in run.log] == list(range(1, 9))
    assert list(run.log[0]["validation_accuracy"]) == list(run.network.graph.exits)
    trained = [name for name, one in run.network.graph.segments.items() if one.scores and one.trained]
    assert list(run.log[0]["loss"]) == [*trained, "total"]
    if system == "ddnn-2017":
        layers = [m for m in run.network.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
        assert max(float(layer.weight.detach().abs().max()) for layer in layers) <= 1


def test_heads_of_a_dag_are_trained_jointly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One view; every exit's loss falls, each with its weight, and the published card tells what each is right in."""

    def one_view(name: str, split: str, data_dir: Path | None = None, folder: Path | None = None) -> FakeViews:
        return FakeViews(split, views=1)

    for place in ("training", "publish"):
        monkeypatch.setattr(f"simnet.models.training.{place}.open_dataset", one_view)
    # With 4 channels oneDNN (torch 2.14) writes past its memory in the strided shortcut's backward pass.
    kind, arch = "resnet14", ResNetArchitecture(view=(32, 32), stem=8, widths=(8, 8, 16))
    exits = list(NETWORKS[kind](arch).graph.exits)
    weights = {name: 0.3 + 0.7 * number / (len(exits) - 1) for number, name in enumerate(exits)}
    run = Training(kind, arch, "plaza", replace(RECIPE, epochs=8, loss_weights=weights), None, "cpu")
    for _ in range(8):
        run.run_epoch(nothing)
    first, last = run.log[0]["loss"], run.log[-1]["loss"]
    assert list(first) == [*exits, "total"]
    assert all(last[name] < 0.9 * first[name] for name in exits)
    assert last["total"] == pytest.approx(sum(weights[name] * last[name] for name in exits), abs=1e-4)
    publish(run, tmp_path / "one.safetensors", None, bytes_until)
    card = read_card(str(tmp_path / "one.json"))
    assert list(card.forced_accuracy) == exits and load_network(card).graph.as_dict() != {}
    assert card.graph.exits.keys() == run.network.graph.exits.keys() and card.counted is card.graph


@pytest.mark.parametrize("system", ["ada-ddnn", "ddnn-2017"])
def test_resumed_equals_uninterrupted(system: str, tmp_path: Path) -> None:
    straight = begin(system)
    straight.run_epoch(nothing)
    straight.save(tmp_path / "one.pt")
    straight.run_epoch(nothing)
    resumed = begin(system)
    resumed.resume(tmp_path / "one.pt")
    assert resumed.epoch == 1
    resumed.run_epoch(nothing)
    for name, tensor in straight.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name
    without_time = [
        [{k: v for k, v in line.items() if k != "seconds"} for line in run.log] for run in (straight, resumed)
    ]
    assert without_time[0] == without_time[1]
    assert [path.name for path in tmp_path.iterdir()] == ["one.pt"]  # nothing half-written is left


def test_stopped_epoch_leaves_the_checkpoint_usable(tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    run = begin()
    run.run_epoch(nothing)
    run.save(tmp_path / "c.pt")
    with pytest.raises(KeyboardInterrupt):
        run.run_epoch(stop)
    again = begin()
    again.resume(tmp_path / "c.pt")
    assert again.epoch == 1 and len(again.log) == 1


def test_killed_while_saving_keeps_the_former_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin()
    run.save(tmp_path / "c.pt")
    former = (tmp_path / "c.pt").read_bytes()

    def broken_off(_: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", broken_off)
    with pytest.raises(KeyboardInterrupt):
        run.save(tmp_path / "c.pt")
    assert (tmp_path / "c.pt").read_bytes() == former


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: begin(recipe=replace(RECIPE, batch=12)), "of another run: its batch is 16, not 12"),
        (lambda: begin("ddnn"), "of another run: its network is ada-ddnn, not ddnn"),
        (lambda: begin("ddnn-2017"), "of another run: its network is ada-ddnn, not ddnn-2017"),
    ],
)
def test_checkpoint_of_another_run_is_refused(run: object, message: str, tmp_path: Path) -> None:
    begin().save(tmp_path / "c.pt")
    with pytest.raises(ValueError, match=message):
        run().resume(tmp_path / "c.pt")  # type: ignore[operator]


def test_checkpoint_from_before_a_field_was_added_is_taken(tmp_path: Path) -> None:
    begin().save(tmp_path / "c.pt")
    saved = torch.load(tmp_path / "c.pt", weights_only=True)
    for name in ("optimizer", "anneal", "mixed_precision", "sum_devices", "only_seen", "flip"):
        del saved["recipe"][name]
    torch.save(saved, tmp_path / "c.pt")
    begin().resume(tmp_path / "c.pt")


def test_settings_of_nested_tuples_and_of_several_fields_at_once() -> None:
    base = architecture("ddnn-2017", "mvmc"), recipe("ours", "mvmc")
    settings = ["edges=[[0],[2,5]]", "devices=[0,2,5]", "local_fusion=mean", "optimizer=sgd"]
    arch, how = changed(*base, settings)
    assert isinstance(arch, Ddnn2017Architecture)
    assert (arch.devices, arch.edges, arch.local_fusion, how.optimizer) == ((0, 2, 5), ((0,), (2, 5)), "mean", "sgd")
    assert changed(*base, settings_of(arch, how, base)) == (arch, how)
    for wrong, message in (
        ("devices=[0.5]", "is no"),
        ("edges=[0,1]", "is no"),
        ("edges=[[0,1]]", "do not hold every device"),
        ("local_fusion=tile", "none of max, mean, concat"),
    ):
        with pytest.raises(ValueError, match=message):
            changed(*base, [wrong])


def test_checkpoint_of_the_first_edition_is_taken(tmp_path: Path) -> None:
    """It names the system in the architecture."""
    begin().save(tmp_path / "c.pt")
    saved = torch.load(tmp_path / "c.pt", weights_only=True)
    saved["arch"] = {key: value for key, value in saved["arch"].items() if key != "views"}
    saved["arch"]["system"] = saved.pop("kind")
    torch.save(saved, tmp_path / "c.pt")
    begin().resume(tmp_path / "c.pt")


def test_checkpoint_of_another_data_set_is_refused(tmp_path: Path) -> None:
    begin().save(tmp_path / "c.pt")
    saved = torch.load(tmp_path / "c.pt", weights_only=True)
    torch.save({**saved, "data": "cifar10"}, tmp_path / "c.pt")
    with pytest.raises(ValueError, match="its data set is cifar10, not plaza"):
        begin().resume(tmp_path / "c.pt")


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "half", "a list", "a key less"])
def test_damaged_checkpoint_is_one_message(damage: str, tmp_path: Path) -> None:
    path, run = tmp_path / "c.pt", begin()
    run.save(path)
    before = {name: tensor.clone() for name, tensor in run.network.state_dict().items()}
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_text("this is no checkpoint")
    elif damage == "half":
        path.write_bytes(path.read_bytes()[:3000])
    elif damage == "a list":
        torch.save([1, 2], path)
    else:
        saved = torch.load(path, weights_only=True)
        del saved["optimizer"]
        torch.save(saved, path)
    with pytest.raises(ValueError, match="no readable checkpoint") as caught:
        run.resume(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in run.network.state_dict().items())


def test_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(ValueError, match="a batch of 100 is more than the 48 training samples"):
        begin(recipe=replace(RECIPE, batch=100))


def test_loss_that_is_not_finite_stops_the_run() -> None:
    run = begin(recipe=replace(RECIPE, rate=1e30, warm_up=0, epochs=3))
    with pytest.raises(FloatingPointError, match="lower the rate"):
        for _ in range(3):
            run.run_epoch(nothing)


def test_published_card_tells_how_the_weights_came_about(tmp_path: Path) -> None:
    run = begin()
    while run.epoch < RECIPE.epochs:
        run.run_epoch(nothing)
    publish(run, tmp_path / "mine.safetensors", None, bytes_until)
    card = read_card(str(tmp_path / "mine.json"))
    assert (card.network, card.values["layers"]) == ("ada-ddnn", run.network.layers())
    program, *words = shlex.split(card.values["command"])[3:]
    assert (program, words[:2], words[-2:]) == ("train", ["ada-ddnn", "plaza"], ["--seed", "1"])
    settings = [word for word in words[2:-2] if word != "--set"]
    assert changed(architecture("ada-ddnn", "plaza"), recipe("ours", "plaza"), settings) == (run.arch, run.recipe)
    assert card.values["epochs"] == 2 and card.values["seed"] == 1 and len(card.values["log"]) == 2
    assert card.values["samples"] == {"train": 48, "validation": 20, "test": 20}
    assert set(card.thresholds) == {"edge-1", "edge-2"}
    loaded = load_network(card).state_dict()
    assert all(torch.equal(tensor, loaded[name]) for name, tensor in run.network.state_dict().items())
