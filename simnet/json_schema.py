"""The JSON Schema of scenario files, made of the models that read them and of the kinds that are installed.

Editors use it to complete keys and to show what they mean. It knows forms; what several keys must be together, `simnet
check` knows. Patterns such as camera[1..6] and ``file.py:Name`` are allowed wherever the file may have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from simnet.experiments.sweeps.axes import Between
from simnet.experiments.sweeps.spec import SweepFile
from simnet.language.quantities import Model
from simnet.language.traces import TraceEntry
from simnet.metrics import SECTIONS
from simnet.models.codecs import CODECS
from simnet.models.data import DATASETS
from simnet.models.rules import RULES
from simnet.network.faults.section import FaultEntry
from simnet.network.links import LINKS
from simnet.network.links.presets import LINK_PRESETS
from simnet.network.links.section import DIRECTED, LinkEntry
from simnet.network.links.spec import Link
from simnet.network.networking import Networking
from simnet.network.nodes import NODES
from simnet.network.nodes.presets import NODE_PRESETS
from simnet.network.nodes.spec import NodeEntry
from simnet.registry import Registry
from simnet.scenario.header import Header
from simnet.scenario.let import LET
from simnet.scenario.load import OWN
from simnet.systems import SYSTEMS
from simnet.workloads import WORKLOADS

Form = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OWN = ":[A-Za-z_]"
"""In a name: a user's own kind, as ``module:Name``."""


def schema() -> Form:
    """The schema, complete in itself."""
    forms = _Forms()
    top = forms.of(Header)
    demand = {"anyOf": [forms.of(kind) for kind in _workloads()] + [_own("kind")]}
    top["properties"] |= {
        "data": _said(top, "data", {"anyOf": [_named(DATASETS), *_datasets(forms), _own("set")]}),
        "workload": _said(top, "workload", demand),
        "sites": _said(top, "sites", {"type": "object", "additionalProperties": demand}),
        "nodes": _said(top, "nodes", {"type": "object", "additionalProperties": _node(forms)}),
        "links": _said(top, "links", {"type": "array", "items": _link(forms)}),
        "systems": _said(top, "systems", _systems(forms)),
        "faults": _said(top, "faults", {"type": "array", "items": _fault(forms)}),
        "network": _said(top, "network", forms.of(Networking)),
        "metrics": _said(top, "metrics", {"type": "array", "items": _named(SECTIONS)}),
    }
    top["properties"][LET] = {
        "type": "object",
        "description": "Values that stand elsewhere in the file as $name.",
        "additionalProperties": {"type": ["number", "string"]},
    }
    top["required"].remove("name")  # by default that of the file
    top["patternProperties"] = {f"^{OWN}": {}}
    return {"$schema": DIALECT, "title": "A scenario of simnet", **top, "$defs": forms.parts}


def sweep_schema() -> Form:
    """The schema of sweep files, complete in itself."""
    forms = _Forms()
    top = forms.of(SweepFile)
    values = {"anyOf": [{"type": "array", "minItems": 1}, forms.of(Between)]}
    over = {"type": "object", "minProperties": 1, "additionalProperties": values}
    top["properties"] |= {"over": _said(top, "over", over)}
    top["patternProperties"] = {f"^{OWN}": {}}
    return {"$schema": DIALECT, "title": "A sweep of simnet", **top, "$defs": forms.parts}


class _Forms:
    """Schemas of models; what they have in common is in `parts`."""

    def __init__(self) -> None:
        self.parts: Form = {}

    def of(self, model: type[Model]) -> Form:
        """A model's own schema, to be changed at will."""
        _, whole = models_json_schema([(model, "validation")], by_alias=True)
        found: Form = {name: _plain_model(one) for name, one in whole["$defs"].items()}
        form: Form = found.pop(model.__name__)
        self.parts |= found
        return form


def _plain_model(form: Form) -> Form:
    form = {key: value for key, value in form.items() if key != "title"}
    return {**form, "properties": {key: _plain(one) for key, one in form.get("properties", {}).items()}}


def _plain(form: Form) -> Form:
    """Without titles, which say a key's name again, and without None, which files leave out."""
    form = {key: value for key, value in form.items() if key != "title" and (key, value) != ("default", None)}
    kinds = [one for one in form.get("anyOf", ()) if one != {"type": "null"}]
    if len(kinds) == 1:
        only = form.pop("anyOf") and kinds[0]
        return {**only, **form}
    return {**form, "anyOf": kinds} if kinds else form


def _said(form: Form, key: str, instead: Form) -> Form:
    """Another form of a key, with what is said of it."""
    return {**instead, "description": form["properties"][key]["description"]}


def _one_of(names: Iterable[str]) -> Form:
    return {"type": "string", "enum": list(names)}


def _named(registry: Registry[Any]) -> Form:
    """A kind by name, or a user's own."""
    return {"anyOf": [_one_of(registry.names()), {"type": "string", "pattern": _OWN}]}


def _own(key: str) -> Form:
    """An entry of a user's own kind, whose keys nobody knows here."""
    return {"type": "object", "required": [key], "properties": {key: {"type": "string", "pattern": _OWN}}}


def _kinds(registry: Registry[Any]) -> dict[str, type[Any]]:
    """All installed kinds that are not broken."""
    return {found.name: registry.get(found.name) for found in registry.found() if found.problem is None}


def _options(registry: Registry[Any]) -> list[type[Model]]:
    return list(dict.fromkeys(kind.Options for kind in _kinds(registry).values()))


def _workloads() -> list[type[Model]]:
    return list(_kinds(WORKLOADS).values())


def _with_own_keys(forms: _Forms, form: Form, registry: Registry[Any], key: str) -> Form:
    """An entry with the own keys of all installed kinds, or of a kind that nobody knows here."""
    for options in _options(registry):
        form["properties"] |= forms.of(options)["properties"]
    return {"anyOf": [form, _own(key)]}


def _node(forms: _Forms) -> Form:
    form = forms.of(NodeEntry)
    trace = forms.of(TraceEntry)
    form["properties"] |= {
        key: _said(form, key, {"anyOf": kinds})
        for key, kinds in {
            "preset": [_one_of(NODE_PRESETS)],
            "kind": [_named(NODES)],
            "queue": [{"type": "integer", "minimum": 0}, form["properties"]["queue"]],
            "load": [{"type": ["string", "number"]}, trace],
            "profile": [{"type": "string"}, {"type": "object"}],
        }.items()
    }
    return _with_own_keys(forms, form, NODES, "kind")


def _link(forms: _Forms) -> Form:
    form, link = forms.of(LinkEntry), forms.of(Link)
    values: Mapping[str, Form] = {
        **link["properties"],
        "sharing": {**link["properties"]["sharing"], **_named(LINKS)},
        "loss": _said(link, "loss", {"anyOf": [{"type": ["string", "number"]}, link["properties"]["loss"]]}),
        "trace": _said(link, "trace", {"anyOf": [{"type": "string"}, forms.of(TraceEntry)]}),
    }
    for key in form["properties"]:
        if key in DIRECTED:
            both = {"type": "object", "properties": dict.fromkeys(("up", "down"), values[key])}
            form["properties"][key] = _said(link, key, {"anyOf": [values[key], both]})
        elif key in values:
            form["properties"][key] = values[key]
    form["properties"]["preset"] |= _one_of(LINK_PRESETS)
    return _with_own_keys(forms, form, LINKS, "sharing")


def _fault(forms: _Forms) -> Form:
    form = forms.of(FaultEntry)
    form["properties"]["do"] = _said(form, "do", {"type": "string"})
    return {"anyOf": [form, _own("do")]}


def _datasets(forms: _Forms) -> Iterator[Form]:
    """A data set's name with its own keys."""
    for name, kind in _kinds(DATASETS).items():
        form = forms.of(kind.Options)
        form["properties"]["set"] = _said(form, "set", {"const": name})
        yield form


def _about(name: str) -> str:
    """The first line of a system's docstring."""
    return (SYSTEMS.get(name).__doc__ or name).partition("\n")[0]


def _systems(forms: _Forms) -> Form:
    """Each entry is of the system that it names, or whose name it has: one by a system's name may be of another."""
    known: dict[str, Form] = {}
    for name, kind in _kinds(SYSTEMS).items():
        form = forms.of(kind.Options)
        form["required"] = [key for key in form.get("required", ()) if key not in ("system", "weights")]
        form["properties"] |= {
            "codec": _said(form, "codec", _named(CODECS)),
            **({"policies": _said(form, "policies", {"type": "object"})} if "policies" in form["properties"] else {}),
            "rule": _said(
                form, "rule", {"anyOf": [_named(RULES), {"type": "object", "additionalProperties": _named(RULES)}]}
            ),
        }
        known[name] = form
    named = [
        {
            **form,
            "required": [*form["required"], "system"],
            "properties": {**form["properties"], "system": _said(form, "system", {"const": name})},
        }
        for name, form in known.items()
    ]
    forms.parts["NamedSystem"] = {"anyOf": [*named, _own("system")]}
    other = {"$ref": "#/$defs/NamedSystem"}
    return {
        "type": "object",
        "minProperties": 1,
        "properties": {
            name: {"anyOf": [form, {"type": "null"}, other], "description": _about(name)}
            for name, form in known.items()
        },
        "additionalProperties": other,
    }
