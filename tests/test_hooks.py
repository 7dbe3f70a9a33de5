from types import SimpleNamespace

import pytest
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog
from kedro.io.core import VersionNotFoundError

from faceinsight.errors import FaceInsightError, ParameterError
from faceinsight.hooks import (
    ConfigurePipelines,
    PinVersionsOfThisRun,
    RefuseUnknownNames,
    TellResults,
    newest_path,
    require_inputs,
)


def catalog_of(tmp_path, version):
    entry = {
        "type": "json.JSONDataset",
        "filepath": str(tmp_path / "metrics.json"),
        "versioned": True,
    }
    return DataCatalog.from_config({"metrics": entry}, save_version=version)


class _Pipeline:
    def all_outputs(self):
        return {"metrics"}


@pytest.mark.parametrize("pinned", [True, False])
def test_a_run_reads_back_what_it_wrote_not_what_another_did(tmp_path, pinned):
    ours, theirs = catalog_of(tmp_path, "2026-01-01"), catalog_of(tmp_path, "2026-01-02")
    if pinned:
        PinVersionsOfThisRun().before_pipeline_run(pipeline=_Pipeline(), catalog=ours)
    ours.save("metrics", {"run": "ours"})
    theirs.save("metrics", {"run": "theirs"})
    ours.release("metrics")
    assert ours.load("metrics")["run"] == ("ours" if pinned else "theirs")


def test_a_place_is_that_of_the_version_that_is_loaded(tmp_path):
    catalog = catalog_of(tmp_path, "2026-01-01")
    assert newest_path(catalog.get("metrics")) is None
    catalog.save("metrics", {})
    catalog_of(tmp_path, "2026-01-02").save("metrics", {})
    place = tmp_path / "metrics.json"
    assert (
        newest_path(catalog_of(tmp_path, "x").get("metrics")) == place / "2026-01-02" / place.name
    )
    catalog["in_memory"] = 1
    assert newest_path(catalog.get("in_memory")) is None


def test_a_version_that_was_asked_for_stays(tmp_path):
    older = catalog_of(tmp_path, "2026-01-01")
    older.save("metrics", {"run": "older"})
    config = {
        "metrics": {
            "type": "json.JSONDataset",
            "filepath": str(tmp_path / "metrics.json"),
            "versioned": True,
        }
    }
    catalog = DataCatalog.from_config(
        config, load_versions={"metrics": "2026-01-01"}, save_version="2026-01-03"
    )
    PinVersionsOfThisRun().before_pipeline_run(pipeline=_Pipeline(), catalog=catalog)
    assert catalog.load("metrics")["run"] == "older"


RAW = {"raw": "."}


@pytest.fixture(scope="module", autouse=True)
def _configured(project_root):
    bootstrap_project(project_root)


class _Loader(dict):
    """Kedro's loader of configuration, with the one parameter that is looked at."""

    def __init__(self, root, given):
        super().__init__(parameters={"drawing": {}} | given)
        self.conf_source, self.runtime_params = str(root / "conf"), given


class _Context:
    env = "base"

    def __init__(self, root, **params):
        self.config_loader = _Loader(root, params)


@pytest.mark.parametrize(
    "given",
    [{"seed": 1}, {"variant": "org"}, {"image_size": 1}, RAW | {"drawing": None}],
    ids=lambda given: next(iter(given)),
)
def test_parameters_that_something_reads_are_let_through(project_root, given):
    RefuseUnknownNames().after_context_created(_Context(project_root, **given))


def test_a_raw_folder_that_is_not_there_is_told_before_anything_is_read(project_root):
    context = _Context(project_root, raw="/not/there", drawing=None)
    with pytest.raises(ParameterError, match="raw: there is no folder /not/there"):
        RefuseUnknownNames().after_context_created(context)


@pytest.mark.parametrize("name", ["photos", "detector_weights", "parser_weights"])
def test_a_place_that_is_not_there_is_told_before_anything_is_read(project_root, name):
    with pytest.raises(FaceInsightError, match=f"{name}: there is no f.* /not/there"):
        RefuseUnknownNames().after_context_created(_Context(project_root, **{name: "/not/there"}))


@pytest.mark.parametrize("name", ["data", "work", "raw", "photos", "parser_weights"])
@pytest.mark.parametrize("given", [["a"], {"a": 1}])
def test_a_place_is_one_path(project_root, name, given):
    with pytest.raises(ParameterError, match=f"{name}: .* is no path; name one, with {name}=PATH"):
        RefuseUnknownNames().after_context_created(_Context(project_root, **{name: given}))


@pytest.mark.parametrize("name", ["data", "raw", "work"])
@pytest.mark.parametrize("empty", [None, "", " "])
def test_a_place_to_write_into_is_named(name, empty):
    parameters = {"data": "a", "raw": "b", "work": "c"} | {name: empty}
    with pytest.raises(ParameterError, match=f"{name}: it is empty; name a folder"):
        ConfigurePipelines().after_context_created(
            SimpleNamespace(config_loader={"parameters": parameters})
        )


def test_photographs_are_not_mistaken_for_a_place_to_draw_into(project_root):
    with pytest.raises(ParameterError, match="--env=small"):
        RefuseUnknownNames().after_context_created(_Context(project_root, **RAW))


@pytest.mark.parametrize(("given", "hint"), [("sed", "seed"), ("varient", "variant")])
def test_a_misspelt_parameter_is_refused_with_the_near_one(project_root, given, hint):
    with pytest.raises(ParameterError, match=f"'{given}'; did you mean '{hint}'"):
        RefuseUnknownNames().after_context_created(_Context(project_root, **{given: 1}))


def test_a_parameter_of_a_former_version_is_told_its_name_now(project_root):
    with pytest.raises(ParameterError, match="'baseline' is called 'rival' now"):
        RefuseUnknownNames().after_context_created(_Context(project_root, baseline="gpt"))


@pytest.mark.parametrize(
    ("env", "said"),
    [("smal", "did you mean 'small'"), ("qqq", "there are base, compact, embedded, paper, small$")],
)
def test_an_environment_that_is_not_there_comes_with_those_that_are(project_root, env, said):
    context = _Context(project_root)
    context.env = env
    with pytest.raises(ParameterError, match=f"--env: there is no environment '{env}'; {said}"):
        RefuseUnknownNames().after_context_created(context)


@pytest.mark.parametrize("env", [None, "local", "tiny"])
def test_environments_that_are_there_are_let_through_also_those_not_listed(project_root, env):
    context = _Context(project_root)
    context.env = env
    RefuseUnknownNames().after_context_created(context)


def test_a_version_that_is_not_there_stops_a_run_before_it_begins(tmp_path):
    catalog = catalog_of(tmp_path, "2026-01-01")
    catalog.save("metrics", {})
    hook = RefuseUnknownNames()
    hook.before_pipeline_run({"load_versions": {}}, catalog)
    hook.before_pipeline_run({"load_versions": {"metrics": "2026-01-01"}}, catalog)
    with pytest.raises(ParameterError, match="no version old of 'metrics'; the newest is 2026-01"):
        hook.before_pipeline_run({"load_versions": {"metrics": "old"}}, catalog)


def test_the_newest_version_may_be_named_latest(tmp_path):
    for day in ("2026-01-01", "2026-01-02"):
        catalog_of(tmp_path, day).save("metrics", {"day": day})
    entry = catalog_of(tmp_path, None).to_config()[0]["metrics"] | {"versioned": True}
    named = {"metrics": "Latest"}
    catalog = DataCatalog.from_config({"metrics": entry}, load_versions=named)
    RefuseUnknownNames().before_pipeline_run({"load_versions": named}, catalog)
    assert catalog.load("metrics") == {"day": "2026-01-02"}


def test_what_a_failed_run_made_is_the_newest(tmp_path, caplog):
    (tmp_path / "08_reporting").mkdir()
    older, newer, next_ = (catalog_of(tmp_path / "08_reporting", of) for of in "123")
    for catalog in (older, newer):
        catalog.save("metrics", {})
        TellResults().on_pipeline_error(pipeline=_Pipeline(), catalog=catalog)
    PinVersionsOfThisRun().before_pipeline_run(pipeline=_Pipeline(), catalog=next_)
    TellResults().on_pipeline_error(pipeline=_Pipeline(), catalog=next_)  # made nothing
    place = tmp_path / "latest/metrics.json"
    assert place.resolve().parent.name == "2"
    place.unlink()
    place.parent.rmdir()
    place.parent.touch()
    TellResults().on_pipeline_error(pipeline=_Pipeline(), catalog=newer)
    assert "could not be shown under latest" in caplog.text


def test_an_artifact_that_nothing_makes_is_missed_before_a_run_begins(tmp_path):
    needs = SimpleNamespace(inputs=lambda: {"metrics", "params:seed", "parameters"})
    catalog = catalog_of(tmp_path, "2026-01-01")
    with pytest.raises(VersionNotFoundError):
        require_inputs(needs, catalog)
    catalog.save("metrics", {})
    require_inputs(needs, catalog_of(tmp_path, "2026-01-02"))
