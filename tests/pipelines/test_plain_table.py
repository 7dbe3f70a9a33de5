"""A data set that is a table, with a vocabulary and rules of its own: configuration alone."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from faceinsight.data.registry import DATA_SETS, configure_datasets
from tests.label_tables import save_map, save_photograph

ROOT = Path(__file__).parents[2]

FLAGS = ("Striped", "Dotted", "Dark", "Large", "Framed", "Tilted")
SHAPES = {"disc": "round thing", "square": "box", "cross": "cross"}
VOCABULARY = {
    "characteristics": {
        **{id_: {"phrase": f"a {id_.lower()} shape", "names": {"signs": id_}} for id_ in FLAGS},
        **{id_: {"phrase": f"a {id_}", "names": {"signs": word}} for id_, word in SHAPES.items()},
    },
    "groups": {"shape": list(SHAPES)},
    "tasks": {"signs": {"attributes": "attributes", "shape": "shape"}},
}
RULES = {
    "exclusions": [
        {"rule": "Striped -> not Dotted", "reason": "a sign has one pattern"},
        {"rule": "disc -> not Tilted", "reason": "a disc has no upper side"},
    ]
}
SIGNS = {
    "table": {
        "file": "signs.csv",
        "photograph": "path",
        "split": "part",
        "box": ["x1", "y1", "x2", "y2"],
        "labels": {"shape": "kind"},
    }
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    root = tmp_path_factory.mktemp("signs")
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, root / name)
    (root / "src").mkdir()
    shutil.copytree(ROOT / "conf", root / "conf")
    conf = root / "conf/base"
    parameters = yaml.safe_load((conf / "parameters.yml").read_text())
    parameters |= {"datasets": {"signs": SIGNS}, "drawing": None, "raw": str(root / "raw")}
    (conf / "parameters.yml").write_text(yaml.safe_dump(parameters))
    (conf / "characteristics.yml").write_text(
        yaml.safe_dump({"vocabulary": VOCABULARY}, sort_keys=False)
    )
    (conf / "rules.yml").write_text(yaml.safe_dump({"rules": RULES}))
    tiny = root / "conf/tiny/parameters.yml"
    tiny.write_text(yaml.safe_dump(yaml.safe_load(tiny.read_text()) | {"drawing": None}))

    rng = np.random.default_rng(0)
    rows = []
    for i in range(48):
        name = f"pictures/{i // 2}.png"  # two signs a photograph
        if i % 2 == 0:
            pixels = save_photograph(root / "raw/signs", name, seed=i)
            save_map(root / "raw/signs/maps", name, pixels[..., 0] % 19)
        flags = rng.choice(["1", "0", "yes", "No", ""], len(FLAGS))
        kind = rng.choice([*SHAPES.values(), "NA"])
        part = ("train", "train", "train", "train", "val", "test")[i // 2 % 6]
        rows.append([name, *flags, kind, part, 28 * (i % 2), 4, 28 + 28 * (i % 2), 36.5])
    columns = ["path", *FLAGS, "kind", "part", "x1", "y1", "x2", "y2"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "raw/signs/signs.csv", index=False)

    bootstrap_project(root)
    # Words are left out of this vocabulary, so that nothing is to be answered.
    given = {"training": {"epochs": 1, "batch_size": 16}, "model": {"answer_weight": 0}}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        with KedroSession.create(root, env="tiny", runtime_params=given) as session:
            session.run(pipeline_names=["train"])
        with KedroSession.create(root, env="tiny") as session:
            yield session.load_context().catalog
    configure_datasets({name: {} for name in DATA_SETS})
    bootstrap_project(ROOT)


def test_the_table_is_read(catalog):
    labels = catalog.load("signs.labels")
    assert len(labels) == 48
    assert labels["face"].max() == 1
    assert list(labels.columns[8:]) == [*FLAGS, *SHAPES]
    assert labels["split"].value_counts().to_dict() == {"train": 32, "val": 8, "test": 8}


def test_a_model_is_trained_on_it_and_measured(catalog):
    curve = catalog.load("lgc.learning_curve")
    assert curve["step"].max() == 2
    metrics = catalog.load("lgc.metrics")["datasets"]["signs"]["tasks"]
    assert set(metrics) == {"attributes", "shape"}
    assert all(task["n"] > 0 for task in metrics.values())
    assert list(catalog.load("vocabulary").ids) == [*FLAGS, *SHAPES]


def test_labels_handed_out_break_none_of_its_rules(catalog):
    rules, predictions = catalog.load("rule_set"), catalog.load("lgc.predictions")
    decoded = predictions[[f"d_{id_}" for id_ in (*FLAGS, *SHAPES)]].to_numpy(bool)
    assert len(rules.rules) == 3
    assert len(decoded) == 8
    assert not rules.violated(decoded).any()
