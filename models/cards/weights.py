"""Weight files: safetensors and a card, written together and checked against each other when loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from simnet.language.errors import clipped
from simnet.models.cards.card import Card, WeightsError, check_weights, file_sha256
from simnet.models.graph import Graph, GraphError
from simnet.models.networks import NETWORKS
from simnet.models.networks.base import Architecture, Network
from simnet.registry import PluginError, blamed


def save_weights(network: Network, card: dict[str, Any], path: Path) -> None:
    """Write `path` (`.safetensors`) and the card beside it; the card gets the weight file's checksum.

    Both are written aside first; a kill between the two renames leaves a pair that `load_network` refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    tensors = {name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}
    save_file(tensors, partial)
    text = json.dumps({**card, "sha256": file_sha256(partial)}, indent=1) + "\n"
    partial_card = path.with_suffix(".json.partial")
    partial_card.write_text(text, encoding="utf-8")
    partial.replace(path)
    partial_card.replace(path.with_suffix(".json"))


def build(card: Card) -> Network:
    """The card's network with random weights.

    Raises WeightsError when there is no such kind of network, or its architecture makes none.
    """
    try:
        kind = NETWORKS.get(card.network, card.folder_of(card.network))
    except KeyError:
        known = ", ".join(NETWORKS.names())
        raise WeightsError(f"{card.path}: there is no network {card.network!r} (there are {known})") from None
    except PluginError as problem:
        raise WeightsError(f"{card.path}: {problem}") from None
    what = f"{card.path}: network {card.network!r}"
    if not (isinstance(kind.Architecture, type) and issubclass(kind.Architecture, Architecture)):
        raise WeightsError(f"{what}: its Architecture is no class derived from simnet.Architecture")
    try:
        network = kind(kind.Architecture.from_dict(card.values["architecture"]))
    except Exception as problem:  # of an architecture that was changed by hand, or from a user's code, anything
        reason = str(problem) if isinstance(problem, GraphError | ValueError | TypeError) else blamed(problem)
        reason = clipped(reason or f"{type(problem).__name__}: {problem}", 400)
        raise WeightsError(f"{what}: its architecture makes no network: {reason}") from problem
    if not isinstance(found := getattr(network, "graph", None), Graph):
        raise WeightsError(f"{what}: self.graph is {found!r}, no Graph; __init__ must set it")
    return network


def count(card: Card) -> Graph:
    """The card's graph with the operations and traffic of its network, which are the same for all weights.

    Raises WeightsError as `build`, where the network has another graph, and where it does not run.
    """
    from simnet.models.cards.costs import measured  # which imports triton, where that is: no run needs it

    network = _built(card)
    try:
        found = measured(network).segments
    except Exception as problem:  # from a user's code, anything
        reason = blamed(problem) or f"{type(problem).__name__}: {problem}"
        raise WeightsError(f"{card.path}: network {card.network!r} does not run: {reason}") from problem
    return card.graph.with_costs(
        {name: {"operations": one.operations, "traffic": one.traffic} for name, one in found.items()}
    )


def _built(card: Card) -> Network:
    """The card's network with random weights. Raises WeightsError as `build`, and where its graph is another."""
    network = build(card)
    of_card, own = card.graph, network.graph
    if of_card.structure != own.structure and of_card.structure != own.bare.structure:  # cards of before they stood in
        raise WeightsError(f"{card.path}: its graph is not that of the network {card.network!r}")
    return network


def load_network(card: Card, device: str = "cpu") -> Network:
    """Build the card's network with its weights, in eval mode on `device`.

    Raises WeightsError when the file is missing or damaged, its checksum is not the card's, or its tensors do not fit.
    """
    path = card.weights
    check_weights(card)
    network = _built(card)
    try:
        network.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError, TypeError, ValueError, AttributeError, LookupError) as problem:
        reason = clipped(" ".join(str(problem).split()), 400)  # torch's have many lines, one for each tensor
        raise WeightsError(f"{path}: does not fit its card: {reason}") from problem
    return network.to(torch.device(device)).to(memory_format=torch.channels_last).eval()
