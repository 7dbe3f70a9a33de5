import errno
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from kedro.config import MissingConfigException
from kedro.framework.cli.utils import KedroCliError
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog
from kedro.io.core import DatasetError, DatasetNotFoundError, VersionNotFoundError
from kedro.validation.exceptions import ModelInstantiationError, ParameterValidationError
from omegaconf import OmegaConf
from omegaconf.errors import ConfigTypeError
from pydantic import ValidationError

from faceinsight.common.messages import no_such
from faceinsight.common.paths import writes_into
from faceinsight.data.registry import DatasetSettings
from faceinsight.errors import ParameterError
from faceinsight.model.settings import TextSettings
from faceinsight.pipelines.messages import require_version, sentence
from faceinsight.training.settings import TrainingSettings


def kedro_error(**parameters):
    """What Kedro raises for parameters that do not fit: it keeps pydantic's text alone."""
    classes = {"training": TrainingSettings, "dataset": DatasetSettings, "text": TextSettings}
    told = []
    for name, given in parameters.items():
        try:
            classes[name].model_validate(given)
        except ValidationError as error:
            model = classes[name].__name__
            text = f"Failed to instantiate {model} for parameter '{name}': {error}"
            told.append(f"- Parameter '{name}': {ModelInstantiationError(text)}")
    return ParameterValidationError("\n".join(["Parameter validation failed:", *told]))


def test_a_misspelt_nested_parameter_names_its_place_and_what_was_meant():
    told = sentence(kedro_error(training={"augmentation": {"flp": 1}}))
    assert told == ("training.augmentation.flp: there is no parameter 'flp'; did you mean 'flip'?")


def test_every_fault_of_every_parameter_has_its_line():
    told = sentence(
        kedro_error(
            training={"epoch": 3, "batch_size": 0},
            dataset={"weight": -1},
        )
    )
    lines = told.splitlines()
    assert len(lines) == 4
    assert "training.epoch: there is no parameter 'epoch'; did you mean 'epochs'?" in lines
    assert any(line.startswith("training.batch_size: ") and "given: 0" in line for line in lines)
    assert any(line.startswith("dataset.weight: ") and "given: -1" in line for line in lines)
    assert "pydantic" not in told


def test_a_validator_of_the_whole_model_keeps_its_words():
    told = sentence(kedro_error(text={"pretrained": "a", "width": 8}))
    assert told.startswith("text")
    assert "give one of 'pretrained', 'language_model' and, for learned features, 'width'" in told
    assert "given:" not in told
    assert "{" not in told


def test_one_of_several_words_is_asked_for():
    told = sentence(kedro_error(training={"schedule": "cosinus"}))
    assert told.startswith("training.schedule: ")
    assert "'cosine', 'linear'" in told
    assert told.endswith("(given: 'cosinus').")


def test_null_and_one_value_for_several_are_told_by_name():
    said = ["value is None but type is not Optional", "Expected dict for dataclass Prior, got str"]
    lines = [f"- Parameter '{name}': {of}" for name, of in zip("ab", said, strict=True)]
    told = sentence(ParameterValidationError("\n".join(["Parameter validation failed:", *lines])))
    assert told.splitlines()[1:] == [
        "a: null stands where a value is needed; leave it out.",
        "b: expected several values by name, found str.",
    ]


def test_a_list_for_values_by_name_is_one_line():
    with pytest.raises(ConfigTypeError) as raised:
        OmegaConf.merge(OmegaConf.create({"a": {}}), OmegaConf.create({"a": [1]}))
    told = sentence(raised.value)
    assert told.endswith("a list stands where values by name are meant.")
    assert "\n" not in told


def test_a_text_in_another_form_is_told_as_it_is():
    assert sentence(ParameterValidationError("something else")) == "something else."


def test_the_cause_is_found_behind_other_errors():
    error = RuntimeError("wrapped")
    error.__cause__ = ParameterError("the sentence")
    assert sentence(error) == "the sentence."


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("there is none", "there is none."),
        ("there is none.", "there is none."),
        ("did you mean 'seg'?", "did you mean 'seg'?"),
        ("it is there (given: 'x')", "it is there (given: 'x')."),
        ("there is no file /a/b.jpg", "there is no file /a/b.jpg"),
        ("name it with --params photos=FOLDER", "name it with --params photos=FOLDER"),
        ("of /a/b, which is there", "of /a/b, which is there."),
    ],
)
def test_a_sentence_ends_in_one_full_stop_but_behind_what_may_be_copied(said, told):
    assert sentence(ParameterError(said)) == told


def test_lines_of_several_faults_end_alike():
    told = sentence(kedro_error(training={"batch_size": 0, "epochs": -1}))
    first, *faults = told.splitlines()
    assert first.endswith(":")
    assert [line[-2:] for line in faults] == [")."] * 2


def test_a_version_without_its_artifact_is_told_the_form():
    told = sentence(
        KedroCliError(
            "Expected the form of 'load_versions' to be "
            "'dataset_name:YYYY-MM-DDThh.mm.ss.sssZ',found model instead"
        )
    )
    assert told.startswith("--load-versions: 'model' is not of the form NAME:VERSION, ")
    assert sentence(KedroCliError("cannot be\nused together")) == "cannot be used together."


@pytest.mark.parametrize(
    ("given", "hint"),
    [("lgc.modle", "did you mean 'lgc.model'?"), ("qqq", "kedro catalog describe-")],
)
def test_a_version_of_a_misspelt_artifact_is_told_what_was_meant(project_root, given, hint):
    bootstrap_project(project_root)
    error = DatasetNotFoundError(f"'load_versions' keys [{given}] are not found in the catalog.")
    told = sentence(error)
    assert told.startswith(f"--load-versions: there is no artifact '{given}'; ")
    assert hint in told


def test_a_version_is_required_of_what_keeps_versions(tmp_path):
    entries = {
        name: {
            "type": "json.JSONDataset",
            "filepath": str(tmp_path / name),
            "versioned": name != "plain",
        }
        for name in ("kept", "unmade", "plain")
    }
    for version in ("2026-01-01", "2026-01-02"):
        catalog = DataCatalog.from_config(entries, save_version=version)
        catalog.save("kept", {})
    catalog = DataCatalog.from_config(entries)
    require_version(catalog, "kept", "2026-01-01", "--load-version")
    require_version(catalog, "plain", "any", "--load-version")
    with pytest.raises(ParameterError, match=r"^--lv: .* old of 'kept'; the newest is 2026-01-02$"):
        require_version(catalog, "kept", "old", "--lv")
    with pytest.raises(VersionNotFoundError) as none:
        require_version(catalog, "unmade", "old", "--lv")
    assert sentence(none.value).startswith(f"There is no version of {tmp_path / 'unmade'} yet")


def test_configuration_and_pipelines_that_are_not_there():
    assert "--env" in sentence(MissingConfigException("no folder conf/smal"))
    error = ValueError("Failed to find the pipeline named 'trian'. Did you mean\n    train")
    assert "trian" in sentence(error)
    assert "\n" not in sentence(error)


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("of ours"), RuntimeError()])
def test_a_defect_keeps_its_traceback(error):
    assert sentence(error) is None


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        *((errno.EACCES, "permissions"), (errno.EROFS, "another"), (errno.EFBIG, "no larger file")),
        *((errno.ENAMETOOLONG, "shorter"), (errno.ESTALE, "disk"), (errno.EMFILE, "more files")),
    ],
)
def test_a_place_that_cannot_be_used_is_named_with_what_to_do(number, advice):
    refused = OSError(number, os.strerror(number), "/a/place")
    wrapped = DatasetError("Failed while saving data to dataset")
    wrapped.__cause__ = refused
    for error in (refused, wrapped):
        told = sentence(error)
        assert told.startswith(f"/a/place: {os.strerror(number)}; ")
        assert advice in told


def _errors_of_a_full_disk():
    """Each library's own words, and the folder that is named."""
    copied = OSError(errno.ENOSPC, "No space left on device", "/etc/hosts", None, "/tmp/not/there")
    kedro = DatasetError(
        "Failed while saving data to dataset kedro_datasets.pandas.ParquetDataset("
        "filepath=PurePosixPath('/etc/k.parquet'), protocol='file').\n[Errno 28] No space left"
    )
    kedro.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    yield "copied", copied, "/tmp"
    yield "saved by Kedro", kedro, "/etc"
    words = {
        "safetensors": "Error while serializing: I/O error: No space left on device (os error 28)",
        "a quota": "Error while serializing: I/O error: Disk quota exceeded (os error 122)",
        "torch": "[enforce fail at inline_container.cc:671] . unexpected pos 576 vs 534",
        "torch at the end": "basic_ios::clear: iostream error",
        "numpy": "3000000 requested and 1407968 written",
        "pyarrow": "[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left",
    }
    for name, text in words.items():
        yield name, RuntimeError(text), "/usr"


@pytest.mark.parametrize(
    ("error", "folder"), [pytest.param(e, f, id=name) for name, e, f in _errors_of_a_full_disk()]
)
def test_a_full_disk_is_one_sentence_that_names_the_folder_and_what_is_free(error, folder):
    writes_into(Path("/usr/not/there/yet"))
    told = sentence(error)
    assert re.match(
        rf"{folder}: (No space|Disk quota)[^(]+\([\d,.]+ MB are free\); make room", told
    )
    assert "--params data=FOLDER" in told
    assert "\n" not in told


def test_what_really_fails_on_a_full_disk_is_understood():
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    array = np.zeros(100_000, dtype=np.float32)
    writers = {
        "torch": lambda: torch.save(torch.from_numpy(array), "/dev/full"),
        "numpy": lambda: array.tofile("/dev/full"),
        "pandas": lambda: pd.DataFrame({"a": array}).to_csv("/dev/full"),
    }
    for name, write in writers.items():
        with pytest.raises((OSError, RuntimeError)) as raised:
            write()
        assert "No space left" in (sentence(raised.value) or ""), name


def test_a_folder_that_may_not_be_written_into_is_told_in_a_librarys_words_too():
    writes_into(Path("/a/place"))
    error = RuntimeError("I/O error: Read-only file system (os error 30)")
    assert sentence(error).startswith("/a/place: Read-only file system; name another folder")


@pytest.mark.parametrize(
    "text",
    [
        "[enforce fail at inline_container.cc:100] . failed finding central directory",
        "[Errno 2] No such file or directory",
        "error 28 of ours",
    ],
)
def test_what_is_no_fault_of_a_disk_keeps_its_traceback(text):
    assert sentence(RuntimeError(text)) is None


def test_a_file_that_is_not_there_may_be_a_defect():
    assert sentence(FileNotFoundError(errno.ENOENT, "No such file", "/a/place")) is None


def test_without_a_near_name_all_are_listed():
    assert no_such("parameter", "qqq", set()) == "there is no parameter 'qqq'"
    assert no_such("variant", "qqq", {"seg", "org"}) == (
        "there is no variant 'qqq'; there are org, seg"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rules: [a\nb: c", r"conf/base/rules\.yml, line 2, column 2: .*expected ',' or '\]'"),
        ("a: b: c", r"conf/base/rules\.yml, line 1, column 5: mapping values are not allowed"),
        ("a:\n\tb: 1", r"conf/base/rules\.yml, line 2, column 1: .*'\\t'.*spaces and no tabs"),
    ],
)
def test_configuration_that_is_no_yaml_is_told_with_its_line(text, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf/base").mkdir(parents=True)
    (tmp_path / "conf/base/globals.yml").write_text("raw: data")
    (tmp_path / "conf/base/rules.yml").write_text(text)
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        yaml.safe_load(text.encode())
    assert re.match(told, sentence(caught.value))


def test_a_model_that_is_not_trained_yet_comes_with_the_command_that_trains_it():
    path = "/somewhere/data/small/06_models/seg/model"
    told = sentence(VersionNotFoundError(f"Did not find any versions for X(filepath='{path}')"))
    assert path in told
    assert "kedro run --pipelines=train --params variant=seg" in told
    other = sentence(VersionNotFoundError("Did not find any versions for X(filepath='/a/b.csv')"))
    assert other == "There is no version of /a/b.csv yet; run the pipeline that makes it first."
