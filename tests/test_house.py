"""House rules that no tool checks: floors of the package, sizes of folders, and no kind's name outside its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import networkx as nx
import pytest
from paths import ROOT

from simnet.models.networks import NETWORKS
from simnet.plugins import MODULES
from simnet.systems import SYSTEMS

FLOORS = """
terminal locks
registry streams statistics installation times collector
clock metrics
language
models.segments
models.graph models.device
models.codecs models.rules models.data
models.criteria
models.networks
models.cards
models.evaluation
models.training
models.studies
network workloads
systems
scenario
results
inference
world
testbed
experiments
analysis
report
api plugins testing json_schema
simnet
validation
cli
__main__ models.__main__
"""
"""From the bottom: what a floor imports lies below it. `simnet` is the face, which names what the others hold."""

CHANGES = frozenset(f"simnet.scenario.{name}" for name in ("changes", "header", "resolve", "scenario"))
TWINS = {
    CHANGES: "a scenario makes a changed one of itself, as its file would be read",
    frozenset({"simnet.models.networks.base", "simnet.models.networks.passes"}): "a whole network is a pass over parts",
    frozenset(
        {"simnet.models.cards.card", "simnet.models.cards.weights"}
    ): "an old card asks its network for the graph",
}
"""Modules that import each other, one of them only when it is asked for something, and why."""

MOST_FILES = 14
"""Python files in a folder; above it, it wants subfolders."""

NAMED_IN = {
    "models/networks/__init__.py": "the table of networks",
    "models/networks/ddnn.py": "defines one",
    "models/networks/ada_ddnn.py": "defines one",
    "models/networks/ddnn_2017.py": "defines one",
    "models/networks/dapdee.py": "defines three",
    "models/networks/students/distree.py": "defines one",
    "models/networks/students/whole_resnet.py": "defines one",
    "simnet/systems/__init__.py": "the table of systems",
    "simnet/systems/ddnn.py": "defines one",
    "simnet/systems/ada_ddnn.py": "defines one",
    "simnet/systems/ddnn_2017.py": "defines one",
    "simnet/systems/baselines": "what is compared with them",
    "simnet/systems/dapdee.py": "defines one",
    "simnet/systems/distree.py": "defines one",
    "models/studies": "repeats what a paper did with its networks",
    "simnet/cli/models/study.py": "the command of the studies",
    "simnet/cli/models/reproduce.py": "the command of the studies",
    "analysis/networks/training_curves.py": "a figure of the studies",
}
"""Where a kind of ours may be called by its name, and why; a folder stands for its files."""

CLOCK = "simnet.clock"
FROM_SIMPY = {
    ("simnet.world.world", "Event"): "the end of a run, which all samples have had",
    ("simnet.systems.policies.breaker", "Event"): "the type of what a callback is called with",
    **dict.fromkeys(
        (("simnet.testbed.clock", name) for name in ("Event", "SimTime", "StopSimulation")),
        "another clock: it plays what is on it in real time, and puts nothing there",
    ),
}
"""What others than the clock import of SimPy, and why."""

OF_SIMPY = ("timeout", "process", "all_of", "any_of", "succeed", "fail", "trigger")
"""Methods of SimPy's clock and events that put something on the clock, beside `schedule`."""


class Module(NamedTuple):
    """A file of the package."""

    name: str
    file: Path

    @property
    def place(self) -> str:
        return self.file.relative_to(ROOT).as_posix()

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.file.read_text(encoding="utf-8"))


@cache
def modules() -> dict[str, Module]:
    """All modules of the package by name; `models` and `analysis` lie beside `simnet`, which has links to them."""
    found = {}
    for top, package in (("simnet", ()), ("models", ("simnet",)), ("analysis", ("simnet",))):
        for file in sorted((ROOT / top).rglob("*.py")):
            parts = [*package, *file.relative_to(ROOT).with_suffix("").parts]
            linked = top == "simnet" and parts[1] in ("models", "analysis")
            if not linked:
                name = ".".join(parts).removesuffix(".__init__")
                found[name] = Module(name, file)
    return found


def imported(module: Module) -> Iterator[str]:
    """What a module imports of ours, anywhere in it: in functions and for type checkers, too.

    But for the class that a registry's module names for type checkers: a table names what it leads to.
    """
    tree = module.tree
    for node in ast.walk(tree) if module.name in MODULES else ():
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body.clear()
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module.place}: imports are written in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules() else str(node.module) for name in names]
        yield from (name for name in names if name in modules() and name != module.name)


def floor(name: str) -> str:
    """The part of the house that a module belongs to: a folder of `simnet`, one of `models`, or a file of theirs."""
    parts = name.split(".")
    deep = 3 if parts[:2] == ["simnet", "models"] else 2
    return ".".join(parts[:deep]).removeprefix("simnet.")


@cache
def imports() -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(modules())
    graph.add_edges_from((name, other) for name, module in modules().items() for other in imported(module))
    return graph


def circles(graph: nx.DiGraph) -> list[frozenset[str]]:
    return [frozenset(found) for found in nx.strongly_connected_components(graph) if len(found) > 1]


def test_every_part_has_its_floor() -> None:
    listed = FLOORS.split()
    assert len(listed) == len(set(listed))
    assert set(listed) == {floor(name) for name in modules()} - {"models"}, "models itself holds nothing"


def test_imports_go_downward_only() -> None:
    height = {part: number for number, line in enumerate(FLOORS.strip().splitlines()) for part in line.split()}
    wrong = [
        f"{name} imports {other}"
        for name, other in imports().edges
        if floor(name) != floor(other) and height[floor(name)] <= height[floor(other)]
    ]
    assert not wrong


def test_no_parts_import_each_other() -> None:
    parts = nx.DiGraph((floor(name), floor(other)) for name, other in imports().edges if floor(name) != floor(other))
    assert not circles(parts)


def test_no_modules_import_each_other() -> None:
    assert {pair for pair in circles(imports()) if pair not in TWINS} == set()
    assert set(circles(imports())) == set(TWINS), "a pair that is excused no longer needs it"


def test_no_folder_is_crowded() -> None:
    files = [module.file.parent for module in modules().values()]
    crowded = {folder.name: files.count(folder) for folder in set(files) if files.count(folder) > MOST_FILES}
    assert not crowded


def test_the_tests_folders_are_the_packages() -> None:
    folders = {module.file.parent.relative_to(ROOT) for module in modules().values()}
    there = {folder.relative_to("simnet") if folder.parts[0] == "simnet" else folder for folder in folders}
    tests = {file.parent.relative_to(ROOT / "tests") for file in (ROOT / "tests").rglob("test_*.py")}
    assert tests - there == {Path("examples")}


def _documentation(tree: ast.Module) -> set[int]:
    """Texts that stand for themselves: what is told to a reader."""
    bodies = [node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list)]  # type: ignore[attr-defined]
    alone = [one.value for body in bodies for one in body if isinstance(one, ast.Expr)]
    return {id(value) for value in alone if isinstance(value, ast.Constant)}


def called(module: Module) -> Iterator[tuple[int, str]]:
    """Every name and text in a module's code, with its line; of an import the last parts of its names."""
    tree = module.tree
    told = _documentation(tree)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield line, node.value
        elif isinstance(node, ast.Name):
            yield line, node.id
        elif isinstance(node, ast.Attribute):
            yield line, node.attr
        elif isinstance(node, ast.ClassDef):
            yield line, node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            whole = [*(alias.name for alias in node.names), getattr(node, "module", None) or ""]
            yield from ((line, name.rpartition(".")[2]) for name in whole)


def _kinds() -> set[str]:
    """Our systems' and networks' names, their classes and their modules."""
    found = {*SYSTEMS, *NETWORKS}
    for registry in (SYSTEMS, NETWORKS):
        found |= {registry[name].__name__ for name in registry}
        found |= {registry[name].__module__.rpartition(".")[2] for name in registry}
    return found


def test_no_code_asks_for_a_kind_by_its_name() -> None:
    kinds = _kinds()
    excused = {place: [*(ROOT / place).rglob("*.py")] if "." not in place else [ROOT / place] for place in NAMED_IN}
    assert all(file.is_file() for files in excused.values() for file in files)
    permitted = {file for files in excused.values() for file in files}
    wrong = [
        f"{module.place}:{line}: {name}"
        for module in modules().values()
        if module.file not in permitted
        for line, name in called(module)
        if name in kinds
    ]
    assert not wrong


def test_no_code_asks_whether_a_network_is_of_a_kind() -> None:
    """What a network can do, its graph says."""
    import simnet.models.networks.residual as residual
    import simnet.models.networks.traced as traced
    from simnet.models.networks.base import Network

    classes = {NETWORKS[name].__name__ for name in NETWORKS}
    classes |= {
        name
        for place in (residual, traced)
        for name, kind in vars(place).items()
        if isinstance(kind, type) and issubclass(kind, Network) and kind is not Network
    }
    wrong = []
    for module in modules().values():
        if module.place.startswith("models/networks/"):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
                asked = {name.id for name in ast.walk(node.args[1]) if isinstance(name, ast.Name)}
                wrong += [f"{module.place}:{node.lineno}: {name}" for name in asked & classes]
    assert not wrong


DOORS = {
    "simnet/terminal/output.py": "the door",
    "simnet/__main__.py": "before anything of ours is sure to be there",
    "models/__main__.py": "before anything of ours is sure to be there",
    "simnet/validation/tcp_peer.py": "a process that talks to its parent",
    "simnet/validation/simgrid_peer.py": "a process that talks to its parent",
}
"""Who may write to a stream, and why."""


def test_text_leaves_by_one_door() -> None:
    """Whatever prints by itself would let markup, escapes and signs that a stream cannot hold through."""
    ways = {"print", "Console", "input"}
    found = {
        module.place
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id in ways)
            or ast.unparse(node.func) in ("sys.stdout.write", "sys.stderr.write", "typer.echo")
        )
    }
    assert found - set(DOORS) == set()
    assert all((ROOT / place).is_file() for place in DOORS)


def scheduling(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Where a clock's events are made by other means than those of `simnet.clock`, with their lines.

    Calls of SimPy's methods on a clock, whatever it is called, and of a clock's queue.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        owner, _, method = called.rpartition(".")
        if (owner and method in OF_SIMPY) or (owner and method == "schedule"):
            yield node.lineno, called
        elif method == "heappush" and any(clock in ast.unparse(node.args[0]) for clock in ("env.", "clock.")):
            yield node.lineno, ast.unparse(node)


def of_simpy(tree: ast.AST) -> Iterator[str]:
    """The names that are imported of SimPy; of a whole module, its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "simpy")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "simpy":
            yield from (alias.name for alias in node.names)


def test_one_module_owns_the_clock_and_all_scheduling() -> None:
    others = {name: module.tree for name, module in modules().items() if name != CLOCK}
    assert {(name, found) for name, tree in others.items() for found in of_simpy(tree)} == set(FROM_SIMPY)
    wrong = [
        f"{modules()[name].place}:{line}: {call}" for name, tree in others.items() for line, call in scheduling(tree)
    ]
    assert not wrong


def test_the_rule_of_the_clock_finds_what_it_forbids() -> None:
    code = """
        import simpy
        from simpy.events import Timeout as Wait
        from simpy import Environment, Event
        env.schedule(event, delay=1)
        self._env.timeout(3)
        node.env.process(life())
        heappush(self._env._queue, entry)
        heapq.heappush(clock._queue, entry)
        over.succeed()
        schedule_faults(topology, script)
        heappush(self._queue, call)
        env.at(3, order, act)
    """
    tree = ast.parse(dedent(code))
    assert list(of_simpy(tree)) == ["simpy", "Timeout", "Environment", "Event"]
    assert [line for line, _ in scheduling(tree)] == [5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize("place", NAMED_IN)
def test_nothing_is_excused_in_vain(place: str) -> None:
    kinds = _kinds()
    files = [module for module in modules().values() if module.place.startswith(place)]
    assert any(name in kinds for module in files for _, name in called(module))
