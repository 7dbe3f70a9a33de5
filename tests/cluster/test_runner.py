"""Nodes as tasks of a cluster: what a run makes, and how it ends, is as in one process."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.io.core import Version
from kedro.pipeline import node, pipeline
from kedro.runner import SequentialRunner
from kedro.runner.runner import AbstractRunner
from kedro_datasets.json import JSONDataset

from faceinsight.cluster import RayRunner, runner
from faceinsight.cluster.tags import SPREADS, TRAINS, resources, shortage
from faceinsight.errors import FaceInsightError, ParameterError, PhotographError


def count(number):
    return {"numbers": np.arange(number), "at": os.getpid()}


def double(counted):
    counted["numbers"] *= 2  # a node may change what it was given
    return counted["numbers"]


def halves(counted):
    return counted["numbers"] / 2, [counted["at"], os.getpid()]


def chunks(doubled):
    yield from doubled.tolist()


def total(doubled, halved, chunked):
    return {"total": float(doubled.sum() + halved.sum() + chunked)}


def where(counted):
    return f"{Path.cwd()} {os.environ['OMP_NUM_THREADS']}"


def refuse(counted):
    end = time.monotonic() + 300
    while not Path("waits").exists() and time.monotonic() < end:
        time.sleep(0.05)
    raise PhotographError("missing", "there is no such photograph")


def fall(counted):
    return 1 / 0


def wait(counted):
    Path("waits").touch()
    time.sleep(600)


def die_once(counted):
    if not Path("died").exists():
        Path("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return counted["numbers"].sum()


def die(counted):
    with Path("deaths").open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


SIX = [
    node(count, "params:number", "counted", name="count"),
    node(double, "counted", "doubled", name="double"),
    node(halves, "counted", ["halved", "processes"], name="halves"),
    node(chunks, "doubled", "chunked", name="chunks"),
    node(total, ["doubled", "halved", "chunked"], "result", name="total"),
    node(where, "counted", "place", name="where", tags="cpus-0.5"),
]


LAST = node(lambda result: result["total"], "result", "again", name="last")


def catalog_in(folder, save="first", number=10):
    version = Version(save, save)
    return DataCatalog(
        {
            "params:number": MemoryDataset(number),
            "result": JSONDataset(filepath=f"{folder}/result.json", version=version),
        }
    )


class Told:
    def __init__(self):
        self.said = []

    @hook_impl
    def before_node_run(self, node):
        self.said.append(("before", node.name, os.getpid()))

    @hook_impl
    def after_node_run(self, node):
        self.said.append(("after", node.name, os.getpid()))

    @hook_impl
    def on_node_error(self, error, node):
        self.said.append((str(error), node.name, os.getpid()))


def run(nodes, catalog, *hooks):
    manager = _create_hook_manager()
    for hook in hooks:
        manager.register(hook)
    return RayRunner().run(pipeline(nodes), catalog, manager)


def test_six_nodes_give_what_they_give_in_one_process(connected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = Told()
    catalog = catalog_in(tmp_path / "ray")
    made = run(SIX, catalog, told)
    expected = catalog_in(tmp_path / "here")
    SequentialRunner().run(pipeline(SIX), expected)
    assert catalog.load("result") == expected.load("result")
    assert set(made) == {"processes", "result", "place"}
    assert os.getpid() not in made["processes"].load()
    assert made["place"].load() == f"{tmp_path} 1"
    # Hooks are called here, whatever runs elsewhere.
    assert {pid for *_, pid in told.said} == {os.getpid()}
    for when in ("before", "after"):
        assert sorted(name for w, name, _ in told.said if w == when) == sorted(n.name for n in SIX)


def test_two_runs_at_once_do_not_meet(connected, tmp_path):
    """Into one folder: each has its own version, and reads what it has made."""
    catalogs = {n: catalog_in(tmp_path, save=f"version{n}", number=n) for n in (10, 20)}
    with ThreadPoolExecutor() as pool:
        made = pool.map(lambda catalog: run([*SIX, LAST], catalog), catalogs.values())
        assert [of["again"].load() for of in made] == [130.5, 513.0]
    assert len(list((tmp_path / "result.json").iterdir())) == 2


class Reads:
    def __init__(self):
        self.seen = {}

    @hook_impl
    def after_node_run(self, node, outputs):
        self.seen |= outputs


def test_hooks_that_read_data_get_it(connected, tmp_path):
    reads = Reads()
    run(SIX, catalog_in(tmp_path), reads)
    np.testing.assert_array_equal(reads.seen["doubled"], np.arange(10) * 2)


def test_a_node_that_fails_ends_the_others_and_is_one_sentence(connected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nodes = [
        SIX[0],
        node(wait, "counted", "waited", name="wait"),
        node(refuse, "counted", "no", name="refuse"),
    ]
    told = Told()
    started = time.monotonic()
    with pytest.raises(FaceInsightError, match=r"^there is no such photograph\.$"):
        run(nodes, catalog_in(tmp_path), told)
    assert time.monotonic() - started < 60
    assert [said for said in told.said if said[0] not in ("before", "after")] == [
        ("there is no such photograph.", "refuse", os.getpid())
    ]


def test_a_process_that_dies_is_replaced_and_not_for_ever(connected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = run([SIX[0], node(die_once, "counted", "sum")], catalog_in(tmp_path))
    assert made["sum"].load() == 45
    with pytest.raises(FaceInsightError, match=r"^mortal: the cluster lost the process"):
        run([SIX[0], node(die, "counted", "nothing", name="mortal")], catalog_in(tmp_path))
    assert Path("deaths").read_text() == "xxxx"


def test_a_defect_keeps_its_traceback(connected, tmp_path):
    with pytest.raises(RuntimeError, match="return 1 / 0"):
        run([*SIX[:1], node(fall, "counted", "fallen")], catalog_in(tmp_path))


@pytest.mark.parametrize(
    ("tags", "cluster", "takes"),
    [
        ({"training"}, {"gpus": 4}, {"num_cpus": 1}),
        ({"gpu"}, {"gpus": 0}, {"num_cpus": 1}),
        (
            {"gpu", "cpus-2", "memory-1.5"},
            {"gpus": 4},
            {"num_cpus": 2, "num_gpus": 1, "memory": 1.5e9},
        ),
        ({"gpus-0.25"}, {"gpus": 0}, {"num_cpus": 1, "num_gpus": 0.25}),
        ({"gpu"}, {"gpus": 8, "processes": 4}, {"num_cpus": 1, "num_gpus": 1}),
        ({"gpu", TRAINS}, {"gpus": 8, "processes": 4}, {"num_cpus": 4, "num_gpus": 4}),
        ({TRAINS}, {"gpus": 8, "processes": 4, "elsewhere": True}, {"num_cpus": 0}),
        ({SPREADS, "gpu"}, {"gpus": 8, "elsewhere": True}, {"num_cpus": 0}),
        ({SPREADS, "gpu"}, {"gpus": 8}, {"num_cpus": 1, "num_gpus": 1}),
    ],
)
def test_tags_say_what_a_node_takes(tags, cluster, takes):
    assert resources(tags, **cluster) == takes


TWO_CORES = {"CPU": 2.0, "memory": 8e9, "object_store_memory": 4e9}


@pytest.mark.parametrize(
    ("takes", "machines", "fits"),
    [
        ({"num_cpus": 2}, [TWO_CORES], True),
        ({"num_cpus": 0}, [{"memory": 8e9}], True),
        ({"num_cpus": 3}, [TWO_CORES] * 2, False),  # a task has one machine
        ({"num_cpus": 2, "num_gpus": 1}, [TWO_CORES, {"CPU": 1, "GPU": 1}], False),
        ({"num_cpus": 2, "num_gpus": 0.25}, [TWO_CORES, {"CPU": 2, "GPU": 1}], True),
        ({"num_cpus": 1}, [], False),
    ],
)
def test_a_task_has_room_on_one_machine_or_none(takes, machines, fits):
    assert (shortage("a", (), takes, machines) is None) == fits


@pytest.fixture
def two_cores(monkeypatch):
    """Not started: a run gets as far as its first task. The names of the nodes that did."""
    monkeypatch.setattr(runner, "connect", lambda *args, **options: None)
    monkeypatch.setattr(runner.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(runner.ray, "cluster_resources", lambda: TWO_CORES)
    gone = {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0, "memory": 1e12}}
    there = {"Alive": True, "Resources": TWO_CORES}
    monkeypatch.setattr(runner.ray, "nodes", lambda: [gone, there])
    begun = []

    def begin(self, nodes, catalog, *args):
        begun.extend(node.name for node in nodes.nodes)
        for name in nodes.outputs():
            catalog.save(name, 0)

    monkeypatch.setattr(AbstractRunner, "_run", begin)
    return begun


def needing(tag, names=("some",), **parameters):
    nodes = [node(count, "params:number", f"of_{name}", name=name, tags=tag) for name in names]
    given = {"params:number": 1} | parameters
    return nodes, DataCatalog({name: MemoryDataset(value) for name, value in given.items()})


LOCAL = {"params:cluster.address": "local"}


@pytest.mark.parametrize(
    ("tag", "parameters", "said"),
    [
        (
            TRAINS,
            {"params:training.processes": 8},
            "some takes 8 cores, and no machine of the cluster has so much at once (at most 2 "
            "cores); lower training.processes, or take a larger machine",
        ),
        (
            TRAINS,
            {"params:training.processes": 3} | LOCAL,
            "some takes 3 cores, and no machine of the cluster has so much at once (at most 2 "
            "cores); lower training.processes, or take a larger machine",
        ),
        (
            "gpus-0.25",
            {},
            "some takes 1 core and 0.25 GPUs, and no machine of the cluster has so much at once "
            "(at most 2 cores and 0 GPUs); lower or remove its tag gpus-0.25, or take a larger "
            "machine",
        ),
        (
            "memory-64",
            LOCAL,
            "some takes 1 core and 64 GB, and no machine of the cluster has so much at once (at "
            "most 2 cores and 8 GB); lower or remove its tag memory-64, or take a larger machine",
        ),
    ],
)
def test_what_no_machine_of_ones_own_has_stops_the_run(two_cores, tag, parameters, said):
    nodes, catalog = needing(tag, **parameters)
    with pytest.raises(ParameterError) as stopped:
        run(nodes, catalog)
    assert str(stopped.value) == said
    assert not two_cores


def test_a_cluster_elsewhere_may_get_what_it_has_not(two_cores, caplog):
    nodes, catalog = needing("cpus-64", ("one", "two"), **{"params:cluster.address": "auto"})
    run(nodes, catalog)
    assert two_cores == ["one", "two"]
    (warning,) = [said for said in caplog.messages if "takes" in said]
    assert warning.startswith("one takes 64 cores")
    assert warning.endswith("; it waits for one to join.")


@pytest.mark.parametrize("parameters", [{}, LOCAL])
def test_what_has_room_is_begun(two_cores, caplog, parameters):
    nodes, catalog = needing(TRAINS, **{"params:training.processes": 2} | parameters)
    run(nodes, catalog)
    assert two_cores == ["some"]
    assert "takes" not in caplog.text
