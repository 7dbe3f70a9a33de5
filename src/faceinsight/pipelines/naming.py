"""Nodes are called as their functions, so that `kedro run --nodes` can name them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kedro.pipeline import Pipeline, node
from kedro.pipeline.node import Node

from faceinsight.common.messages import no_such

NODES = {"node_names": "--nodes", "from_nodes": "--from-nodes", "to_nodes": "--to-nodes"}
DATASETS = {"from_inputs": "--from-inputs", "to_outputs": "--to-outputs"}
"""What Kedro calls the options that choose a part of a pipeline, and what a person types."""


def named(
    function: Callable[..., Any],
    inputs: str | list[str] | dict[str, str],
    outputs: str | list[str] | dict[str, str],
    tags: str | Iterable[str] | None = None,
) -> Node:
    """A node with its function's name, behind its box's: `celeba.read_labels`.

    It has a tag that is called as the folder of its function: `ingestion`, `training`, ...
    """
    stage = function.__module__.split(".")[-2]
    of_node = [stage, *([tags] if isinstance(tags, str) else tags or ())]
    return node(function, inputs, outputs, name=function.__name__, tags=of_node)


def misnamed(options: Mapping[str, Any], pipelines: Mapping[str, Pipeline]) -> str | None:
    """A sentence on the first option that names what the chosen pipelines do not have.

    Args:
        options: of `kedro run`, by Kedro's names; `pipeline_names` are the chosen pipelines.
        pipelines: all that are registered.

    Returns:
        None where every name is right.
    """
    chosen = list(options.get("pipeline_names") or ["__default__"])
    if any(name not in pipelines for name in chosen):
        return None  # Kedro tells that by itself.
    parts, options = _chosen(options, pipelines), completed(options, pipelines)
    namespaces = {prefix for of in parts.nodes for prefix in of.namespace_prefixes}
    kinds = [
        *((key, option, "node", {of.name for of in parts.nodes}) for key, option in NODES.items()),
        ("tags", "--tags", "tag", {tag for of in parts.nodes for tag in of.tags}),
        ("namespaces", "--namespaces", "namespace", namespaces),
        *((key, option, "artifact", parts.datasets()) for key, option in DATASETS.items()),
    ]
    for key, option, what, known in kinds:
        for name in options.get(key) or ():
            if name not in known:
                return f"{option}: {_no_such(what, name, known, chosen, pipelines)}"
    return None


def completed(options: Mapping[str, Any], pipelines: Mapping[str, Pipeline]) -> dict[str, Any]:
    """The options with names of nodes and namespaces whole, where their end says which is meant.

    `write_report` is enough for `experiment.report.write_report`, `lgc` for `experiment.lgc`.
    """
    nodes = _chosen(options, pipelines).nodes
    names = {key: {of.name for of in nodes} for key in NODES}
    names["namespaces"] = {prefix for of in nodes for prefix in of.namespace_prefixes}
    whole = dict(options)
    for key, known in names.items():
        if options.get(key):
            whole[key] = [_whole(name, known) for name in options[key]]
    return whole


def _whole(name: str, known: set[str]) -> str:
    found = [of for of in known if of == name or of.endswith(f".{name}")]
    return found[0] if len(found) == 1 else name


def _chosen(options: Mapping[str, Any], pipelines: Mapping[str, Pipeline]) -> Pipeline:
    names = options.get("pipeline_names") or ["__default__"]
    return sum((pipelines[name] for name in names if name in pipelines), start=Pipeline([]))


def nothing_left(options: Mapping[str, Any]) -> str:
    """A sentence on options that are right one by one, and choose nothing together."""
    typed = NODES | DATASETS | {"tags": "--tags", "namespaces": "--namespaces"}
    given = [f"{typed[key]}={name}" for key in typed for name in options.get(key) or ()]
    return f"no node is all of this at once: {', '.join(given)}"


def _no_such(
    what: str,
    given: str,
    known: set[str],
    chosen: list[str],
    pipelines: Mapping[str, Pipeline],
) -> str:
    if boxes := sorted(name for name in known if name.endswith(f".{given}")):
        return f"'{given}' is in several boxes; name one: {', '.join(boxes)}"
    if what in ("node", "artifact"):
        elsewhere = [
            name
            for name, of in pipelines.items()
            if any(
                of_it == given or of_it.endswith(f".{given}")
                for of_it in ({n.name for n in of.nodes} if what == "node" else of.datasets())
            )
        ]
        if elsewhere:
            here = "everything" if chosen == ["__default__"] else ", ".join(chosen)
            return (
                f"the {what} '{given}' is no part of {here}; add "
                f"--pipelines={min(elsewhere, key=lambda name: len(pipelines[name].nodes))}"
            )
        listing = "`kedro registry describe` names the nodes" if what == "node" else None
        otherwise = listing or "`kedro catalog describe-datasets` names them all"
        return no_such(what, given, _ends(known), otherwise)
    return no_such(what, given, _ends(known) if what == "namespace" else known)


def _ends(names: set[str]) -> set[str]:
    """Names, and what of each is enough to tell it: `experiment.lgc.model`, `lgc.model`."""
    return {name.split(".", n)[-1] for name in names for n in range(name.count(".") + 1)}
