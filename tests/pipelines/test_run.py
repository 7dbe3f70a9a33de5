"""The whole chain, run as a person runs it; and what can be done after it."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import skimage.data
from click.testing import CliRunner
from nbclient import NotebookClient
from PIL import Image

from faceinsight import cli
from faceinsight.data.parsing import weights
from faceinsight.data.registry import DATA_SETS
from faceinsight.method.variants import LABELS
from faceinsight.pipelines.runner import SideBySide
from faceinsight.reports import FIGURES
from faceinsight.reports.paper import FIGURES as PAPER_FIGURES
from tests.docs.pages import Command, commands
from tests.pipelines import wheel
from tests.rivals.fake_server import FakeServer, question_of

FACES = "data/tiny/01_raw/drawn/celeba/img_align_celeba"
MOST_BOXES = 25
NOTEBOOK = Path(__file__).parents[2] / "notebooks/catalog.ipynb"


@pytest.fixture(scope="module")
def catalog(finished):
    """After the whole run, before any other."""
    return finished.catalog()


def test_a_run_ends_with_its_pages(finished, catalog):
    page = catalog.load("report")
    assert page.lstrip().lower().startswith("<!doctype html")
    assert all(label in page for label in LABELS.values())
    assert "drawn by a program" in page
    (path,) = re.findall(r"Beside the paper: (\S+)$", finished.told, re.MULTILINE)
    assert Path(path).read_text(encoding="utf-8") == catalog.load("paper_page")
    assert "5 models to train" in finished.told
    # What is too small to learn is said to have learnt too little, before the last lines.
    warned = finished.told.index("Warning: +coh, ")
    assert warned < finished.told.index("more in the report.") < finished.told.index("The report: ")
    assert "Not everything was learnt" in page
    for name in PAPER_FIGURES:
        assert catalog.load(f"paper_figure_{name}").layout.height
    for number in range(1, 6):
        table = catalog.load(f"paper_table_{number}")
        ours = table["model"] == "FaceInsight"
        assert (table.loc[ours, "status"] == "run").all()
        assert (table.loc[~ours, "status"] == "not run").all()


def test_every_data_set_and_task_of_every_variant_is_measured(catalog, vocabulary):
    for variant in LABELS:
        metrics = catalog.load(f"{variant}.metrics")
        assert metrics["model"]["variant"]["name"] == variant
        for dataset in DATA_SETS:
            tasks = metrics["datasets"][dataset]["tasks"]
            assert set(tasks) == {t.name for t in vocabulary.tasks(dataset)}
            assert all(task["n"] > 0 for task in tasks.values())


def test_labels_that_are_handed_out_break_no_rule(catalog):
    rule_set, ids = catalog.load("rule_set"), catalog.load("vocabulary").ids
    for variant in LABELS:
        predictions = catalog.load(f"{variant}.predictions")
        decoded = predictions[[f"d_{id_}" for id_ in ids]].to_numpy(dtype=bool)
        assert len(decoded) >= 30
        assert not rule_set.violated(decoded).any()


def test_what_a_coherent_model_hands_out_adds_up(catalog):
    vocabulary, rule_set = catalog.load("vocabulary"), catalog.load("rule_set")
    predictions = catalog.load("coh.predictions")
    assert set(predictions["dataset"]) == {*DATA_SETS}
    assert set(predictions["readout"]) == {"coherent"}
    p = predictions[[f"p_{id_}" for id_ in vocabulary.ids]].to_numpy(dtype=float)
    for members in vocabulary.groups.values():
        columns = [vocabulary.index[member] for member in members]
        np.testing.assert_allclose(p[:, columns].sum(axis=1), 1, atol=1e-6)
    links = [
        dict(cube)
        for rule in rule_set.rules
        for cube in rule.cubes
        if sorted(present for _, present in cube) == [False, True]
    ]
    assert links
    for link in links:
        ((implying, _), (implied, _)) = sorted(link.items(), key=lambda of: not of[1])
        assert (p[:, implying] <= p[:, implied] + 1e-6).all()
    labels = predictions[[f"d_{id_}" for id_ in vocabulary.ids]].to_numpy(dtype=bool)
    assert not rule_set.violated(labels).any()
    lgc = catalog.load("lgc.predictions")
    z = lgc[[f"z_{id_}" for id_ in vocabulary.ids]].to_numpy(dtype=float)
    expected = lgc[[f"p_{id_}" for id_ in vocabulary.ids]].to_numpy(dtype=float)
    np.testing.assert_allclose(1 / (1 + np.exp(-z)), expected, atol=1e-6)


def test_temperatures_are_fitted_on_validation_faces(catalog):
    validation = catalog.load("lgc.validation_predictions")
    assert set(validation["split"]) == {"val"}
    known = validation[[c for c in validation if c.startswith("y_")]].notna().sum().sum()
    assert catalog.load("lgc.calibration")["overall"]["temperature"]["n"] == known


def test_a_model_is_trained_anew_only_if_something_changed(finished):
    one_by_one = "--runner=SequentialRunner"
    again = finished.run("--pipelines=train", one_by_one, variant="org", seeds="2")
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("trained already") == 1
    catalog = finished.catalog()
    for name, seed in {"org": 0, "org.s1": 1}.items():
        metrics = catalog.load(f"{name}.metrics")
        assert metrics["model"]["training"]["settings"]["seed"] == seed
    assert len(catalog.get("org.model").list_versions()) == 2


def test_an_older_model_is_evaluated_again_by_its_version(finished):
    changed = finished.run("--pipelines=training", **{"variant": "org", "training.epochs": "1"})
    assert changed.returncode == 0, changed.stderr
    assert "trained already" not in changed.stderr
    oldest = finished.catalog().get("org.model").list_versions(full_path=False)[-1]
    version = f"--load-versions=org.model:{oldest}"
    done = finished.run("--pipelines=evaluation", version, variant="org")
    assert done.returncode == 0, done.stderr
    place = finished.root / "data/tiny/08_reporting/org/metrics.json"
    first, *_, last = (json.loads(path.read_text()) for path in sorted(place.glob("*/*.json")))
    assert first["overall"] == last["overall"]
    assert first["model"]["digests"] == last["model"]["digests"]


def test_a_variant_of_ones_own_is_trained(finished):
    switches = {"name": "mine", "segmentation": "false", "correlation": "true", "logic": "true"}
    mine = {f"variants.mine.{name}": value for name, value in switches.items()}
    done = finished.run("--pipelines=training", variant="mine", **mine)
    assert done.returncode == 0, done.stderr
    (facts,) = finished.root.glob("data/tiny/06_models/mine/model/*/model/provenance.json")
    assert json.loads(facts.read_text())["variant"]["name"] == "mine"


@pytest.mark.parametrize(
    "part",
    [
        ("--from-nodes=celeba.select_examples", "--to-nodes=celeba.segment_faces"),
        ("--from-inputs=raw", "--to-outputs=utkface.labels"),
        ("--nodes=write_report,lgc.measure_model",),
        ("--tags=rules",),
        ("--pipelines=paper", "--from-nodes=make_tables"),
    ],
    ids=" ".join,
)
def test_a_part_of_a_pipeline_runs_by_itself(finished, part):
    done = finished.run(*part)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--nodes=write_reprot", "--nodes: there is no node 'write_reprot'; did you mean"),
        ("--tags=rules,pirors", "--tags: there is no tag 'pirors'; did you mean 'priors'?"),
    ],
)
def test_a_part_that_is_misspelt_is_one_sentence(finished, option, said):
    done = finished.run(option)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_every_bad_parameter_has_its_sentence(finished):
    bad = {
        "training.epoch": ("3", "did you mean 'epochs'"),
        "training.schedule": ("cosinus", "'cosine', 'linear'"),
        "training.device": ("banana", "training.device"),
        "prediction.device": ("banana", "prediction.device"),
        "prior.tau": ("2", "prior.tau"),
        "segmentation.maps": ("guessed", "segmentation.maps"),
        "datasets.celeba.name": ("celebrities", "celeba"),
        "model.frozen": ("everything", "model.frozen"),
        "drawing.faces": ("3", "faces"),
        "fairness.minimum": ("0", "fairness.minimum"),
        "paper.ablation_dataset": ("faces", "'faces' is no data set"),
        "rival": ("llava", "there is no rival 'llava'"),
        "tables.layouts.deepface.unmapped": ("ignore", "unmapped"),
    }
    done = finished.run(**{name: value for name, (value, _) in bad.items()})
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    for name, (_, said) in bad.items():
        assert any(said in line for line in lines), name


def test_without_a_trained_model_it_says_how_to_get_one(finished):
    given = {"photos": FACES, "variant": "corr"}
    done = finished.run("--env=base", "--pipelines=predict", **given)
    assert done.returncode == 1
    assert "06_models/corr/model" in done.stderr
    assert "kedro run --pipelines=train --params variant=corr" in done.stderr


def test_in_a_terminal_an_error_in_a_node_is_told_once(finished):
    for name in DATA_SETS:
        (finished.root / "empty" / name).mkdir(parents=True)
    done = finished.kedro("run", "--pipelines=ingestion", "--params=raw=empty,drawing=null")
    assert done.returncode == 1
    assert done.stderr.count("celeba/list_attr_celeba.txt") == 1
    assert "Traceback" not in done.stderr
    assert "resume" not in done.stderr.lower()
    assert done.stdout == ""


def test_photographs_are_scored_as_evaluation_scores_them(finished, vocabulary):
    given = {"photos": FACES, "variant": "seg", "predict.pictures": "true"}
    done = finished.run("--pipelines=predict", **given)
    assert done.returncode == 0, done.stderr
    catalog = finished.catalog(variant="seg")
    faces = catalog.load("photo_scores").set_index("photograph")
    files = sorted(path.name for path in (finished.root / FACES).iterdir())
    assert faces.index.tolist() == files
    assert set(faces["map_from"]) == {"provided"}
    evaluated = catalog.load("seg.predictions").query("dataset == 'celeba'")
    evaluated = evaluated.assign(name=evaluated["photograph"].str.rpartition("/")[2])
    said = [id_ for id_ in vocabulary.ids if id_ not in vocabulary.sensitive]
    columns = [f"{part}_{id_}" for part in "pd" for id_ in said]
    scored = faces.loc[evaluated["name"], columns].to_numpy(dtype=float)
    assert len(scored) >= 5
    assert np.allclose(scored, evaluated[columns].to_numpy(dtype=float), atol=1e-4)
    sheet = catalog.load("photo_scores_csv")
    assert list(sheet.columns) == ["photograph", *faces.columns]
    assert len(catalog.load("skipped_photographs")) == 0

    pictures = catalog.load("annotated_photographs")
    with Image.open(pictures / files[0]) as picture:
        assert picture.size[1] >= 720
    assert f"Scored {len(files)} faces in {len(files)} photographs." in done.stderr
    assert f"{files[0]}, face 1, appears " in done.stderr
    assert f"The pictures: {pictures}" in done.stderr
    assert str(finished.root / "data/tiny/07_model_output/seg/photo_scores.csv") in done.stderr
    assert "Made in" not in done.stderr


def test_a_rival_is_asked_and_measured_like_a_model(finished, vocabulary):
    """Over HTTP, by text; and no secret is told or kept."""

    def answer(body):
        return "B" if "B. " in question_of(body) else "No."

    with FakeServer(answer) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.url)
        patch.setenv("OPENAI_API_KEY", "a-secret")
        done = finished.run("--pipelines=rivals", rival="nvila_8b")
        port = f":{server.http.server_port}"
    assert done.returncode == 0, done.stderr
    (path,) = finished.root.glob("data/tiny/08_reporting/nvila_8b_text/metrics.json/*/metrics.json")
    metrics = json.loads(path.read_text())
    for dataset in DATA_SETS:
        tasks = metrics["datasets"][dataset]["tasks"]
        assert set(tasks) == {t.name for t in vocabulary.tasks(dataset)}
    assert "NVILA-8B, training-free, scored by text" in done.stderr
    kept = [p for p in finished.root.rglob("data/**/*.json*") if p.is_file()]
    for text in (done.stderr, *(p.read_text() for p in kept)):
        assert "a-secret" not in text
        assert port not in text


def test_other_systems_are_scored_by_their_answers(finished, catalog, tmp_path):
    labels = catalog.load("fairface.labels")
    male = labels["Male"].astype(bool) ^ (np.arange(len(labels)) % 2 == 0)  # half of it right
    gender = np.where(male, "Male", "Female")
    table = pd.DataFrame(
        {"file": labels["photograph"], "age": "", "gender": gender, "race": "Asian"}
    )
    table.to_csv(tmp_path / "fairface_deepface.csv", index=False)
    only = {"tables.layouts.facellm.use": "false", "tables.layouts.expw_services.use": "false"}
    params = {"tables.folder": str(tmp_path), "evaluation.n_resamples": "5", **only}
    done = finished.run("--pipelines=tables", **params)
    assert done.returncode == 0, done.stderr
    assert "DeepFace" in done.stderr
    (path,) = re.findall(r"The table: (\S+)$", done.stderr, re.MULTILINE)
    assert "DeepFace" in Path(path).read_text(encoding="utf-8")
    scores = finished.catalog().load("tables_scores").set_index("task")
    assert scores.loc["gender", "n"] == len(labels)
    assert scores.loc["gender", "accuracy"] == pytest.approx(0.5, abs=0.02)


@pytest.fixture(scope="module")
def lineage(finished):
    """What `kedro viz` opens with: the answer of its `/api/main`."""
    from kedro_viz.api.rest.responses.pipelines import get_pipeline_response
    from kedro_viz.server import load_and_populate_data

    load_and_populate_data(finished.root, env="tiny", include_hooks=True)
    return json.loads(get_pipeline_response().model_dump_json(by_alias=True))


def test_the_lineage_opens_with_few_boxes(lineage):
    assert lineage["selected_pipeline"] == "__default__"
    children = lineage["modular_pipelines"]["__root__"]["children"]
    children = [child for child in children if child["type"] != "parameters"]  # hidden there
    kinds = Counter(child["type"] for child in children)
    assert sum(kinds.values()) <= MOST_BOXES
    assert kinds["modularPipeline"] == 2
    assert not kinds["task"]  # every node is in a box
    names = {node["id"]: node["name"] for node in lineage["nodes"]}
    first = {names[child["id"]] for child in children if child["id"] in names}
    assert {"report", "paper_page"} <= first
    assert not [name for name in first if "figure" in name or "audit" in name]
    boxes = set(lineage["modular_pipelines"])
    assert {"experiment.report", "experiment.paper"} <= boxes
    assert {f"experiment.{name}" for name in LABELS} | {f"data.{n}" for n in DATA_SETS} <= boxes


def test_whatever_is_kept_has_a_layer(lineage):
    layers = {node["name"]: node["layer"] for node in lineage["nodes"] if node["type"] == "data"}
    assert layers["raw"] == "raw"
    order = ["raw", "intermediate", "primary", "feature", "models", "model_output", "reporting"]
    assert lineage["layers"] == order  # which a circle of layers would not have
    assert not [name for name, layer in layers.items() if layer is None]


def test_figures_tables_and_pages_have_a_preview(lineage):
    from kedro_viz.api.rest.responses.nodes import get_node_metadata_response

    of = {node["name"]: node["id"] for node in lineage["nodes"] if node["type"] == "data"}
    kinds = dict.fromkeys(["data_summary", "celeba.labels", "rule_violations"], "Table")
    kinds |= {f"figure_{name}": "Plotly" for name in FIGURES}
    kinds |= {"ablation": "Table", "lgc.metrics": "JSON"}
    says = {"report": "sections", "paper_page": "says", "lgc.model": "provenance"}
    for name, kind in (kinds | dict.fromkeys(says, "JSON")).items():
        found = get_node_metadata_response(of[name]).model_dump()
        assert kind in found["preview_type"], name
        assert found["preview"], name
        if name in says:
            assert json.loads(found["preview"])[says[name]]


def test_the_notebook_runs_from_top_to_bottom(finished):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(c.get("outputs") for c in notebook.cells), "it is committed without outputs"
    (cell,) = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    cell.source = 'ENV, PARAMS = "tiny", {}'
    where = {"metadata": {"path": finished.root}}
    NotebookClient(notebook, timeout=300, resources=where).execute()
    outputs = [output for c in notebook.cells for output in c.get("outputs", [])]
    # No log lines between the results, and nothing that is fetched when it is looked at.
    assert [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"] == []
    assert any("drawn" in o.text for o in outputs if o.output_type == "stream")
    pages = [o.data.get("text/html", "") for o in outputs if "data" in o]
    assert sum("Plotly.newPlot" in page and len(page) < 1_000_000 for page in pages) == 3
    assert not any(re.search(r"<(script|link|img)[^>]*(src|href)=", page) for page in pages)


@pytest.fixture(scope="module")
def built_wheel(tmp_path_factory):
    return wheel.build(tmp_path_factory.mktemp("source"))


def test_the_wheel_holds_what_the_source_does(built_wheel, project_root):
    held = set(zipfile.ZipFile(built_wheel).namelist())
    source = project_root / "src"
    for path in (source / "faceinsight").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(source).as_posix() in held


def test_the_wheel_of_the_model_holds_it_and_its_licence(tmp_path, project_root):
    root = project_root / "weights"
    with zipfile.ZipFile(wheel.build(tmp_path, root)) as built:
        held = set(built.namelist())
        (about,) = (name for name in held if name.endswith("METADATA"))
        assert "License-Expression: LicenseRef-Research-Only" in built.read(about).decode()
    assert any(name.endswith("licenses/LICENSE") for name in held)
    files = [f for f in (root / "src/faceinsight_weights").rglob("*") if f.is_file()]
    of_it = {f.relative_to(root / "src").as_posix() for f in files if f.suffix != ".pyc"}
    assert of_it <= held


def test_a_wheel_alone_analyzes_a_photograph(finished, built_wheel, tmp_path):
    """With a model that the run has trained, copied out of the project, on a drawn face."""
    python = wheel.install(tmp_path, built_wheel, without="pyfacer")
    (trained, *_) = finished.root.glob("data/tiny/06_models/org/model/*/model")
    shutil.copytree(trained, tmp_path / "model")
    shutil.copy(finished.root / FACES / "000001.jpg", tmp_path / "face.jpg")

    absent = "import importlib.util as u; print([n for n in ('kedro', 'facer') if u.find_spec(n)])"
    assert wheel.run(python, "-c", absent, cwd=tmp_path).strip() == "[]"
    command = (python.with_name("faceinsight"), "analyze", "face.jpg", "--model=model")
    told = json.loads(wheel.run(*command, "--faces=whole", "--json", cwd=tmp_path))
    (face,) = told[0]["faces"]
    assert told[0]["photograph"] == "face.jpg"
    assert 0 <= face["probabilities"]["Smiling"] <= 1


RUN_ABOVE = {
    ("kedro", "run"): "`finished`",
    ("kedro", "viz", "run"): "`lineage`",
    ("kedro", "run", "--pipelines=ablation", "--params", "seeds=3"): "with two seeds, above",
    ("kedro", "run", "--pipelines=train", "--params", "training.processes=2"): "tests/training",
    ("faceinsight", "serve"): "tests/doors",
    ("faceinsight", "analyze", "photos", "--cluster=auto", "--out=scores"): "tests/cluster",
    (
        "faceinsight",
        "analyze",
        "s3://bucket/photos/**/*.jpg",
        "--cluster=auto",
        "--out=s3://bucket/scores",
    ): "tests/cluster",
}
"""What the pages tell to type and something else runs."""


def typed(*, with_needs: bool) -> list[Command]:
    """Commands of ours on the pages, each once, those that need what is not here or the others."""
    found = {
        tuple(command.words): command
        for command in commands()
        if command.words[0] in ("kedro", "faceinsight")
        and (command.needs is not None) == with_needs
        and "cluster" not in (command.needs or "")  # tests/cluster has one
        and tuple(command.words) not in RUN_ABOVE
        and tuple(command.words[:2]) not in (("faceinsight", "serve"), ("faceinsight", "download"))
    }
    return list(found.values())


@pytest.mark.parametrize("command", typed(with_needs=False), ids=str)
def test_what_the_pages_tell_to_type_does_what_it_should(finished, command, monkeypatch):
    """In the smallest environment: the same commands, smaller data and models."""
    program, *arguments = command.words
    if program == "kedro" and arguments[0] == "run":
        newest = finished.catalog().get("lgc.model").list_versions(full_path=False)[0]
        given = [of.replace("VERSION", newest).replace("data/", "data/tiny/") for of in arguments]
        done = finished.run(*given[1:])
        assert done.returncode == 0, done.stderr
        return
    if program == "kedro":
        done = finished.kedro(*arguments)
        assert done.returncode == 0, done.stderr
        return
    monkeypatch.chdir(finished.root)
    if "photo.jpg" in arguments:  # of one's own, for the model of the package
        Image.open(Path(skimage.data.__file__).parent / "astronaut.png").save("photo.jpg")
        monkeypatch.delenv(cli.MODEL, raising=False)
        monkeypatch.setattr(weights, "is_at_hand", lambda detector, path: False)
    else:
        monkeypatch.setenv(cli.MODEL, "data/tiny/06_models/lgc/model")
    given = []
    for of in arguments:
        path = of.replace("data/", "data/tiny/")
        given += sorted(map(str, Path().glob(path))) if "[" in of else [path]
    done = CliRunner().invoke(cli.cli, given)
    assert done.exit_code == 0, done.output
    assert done.stdout or "--csv" in given


@pytest.mark.parametrize("command", typed(with_needs=True), ids=str)
def test_what_needs_more_than_is_here_is_understood(finished, command, monkeypatch):
    """Pipelines are found and parameters checked, up to what is missing; no node runs."""
    reached = []
    monkeypatch.setattr(SideBySide, "run", lambda self, of, *_, **__: reached.append(of) or {})
    _, _, *arguments = command.words
    done = finished.run(*arguments)
    lacks = re.match(
        r"Error: (\w+: there is no (file|folder)|There is no (version|trained model))", done.stderr
    )
    assert lacks or reached[0].nodes, done.stderr
