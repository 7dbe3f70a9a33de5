"""Kedro hooks of the project."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io.core import AbstractVersionedDataset, Version, VersionNotFoundError

from faceinsight.common.latest import FOLDER, show_latest
from faceinsight.common.messages import no_such
from faceinsight.common.paths import with_texts
from faceinsight.common.progress import at_work
from faceinsight.data.registry import raw_folder
from faceinsight.errors import ParameterError
from faceinsight.pipelines import runs
from faceinsight.pipelines.messages import require_version
from faceinsight.pipelines.naming import misnamed

logger = logging.getLogger(__name__)

RENAMED = {"baseline": "rival", "others": "tables"}
"""Parameters of former versions, and what they are called now."""

NEWEST = "latest"
"""Stands for an artifact's newest version in `--load-versions`."""

UNLISTED = {"local", "tiny"}
"""Environments that are not for choosing: a person's own values, which always count, and tests'."""


class RefuseUnknownNames:
    """Stop a run that names what is not there: environment, parameter, or version.

    Parameters are those of `--params` that nothing reads, e.g. misspelt ones. What is nested is
    checked by the typed parameters themselves.
    """

    @hook_impl
    def after_context_created(self, context: Any) -> None:
        """Compare the names given with those that the configuration knows; make pipelines of it."""
        conf = Path(context.config_loader.conf_source)
        if context.env and conf.is_dir() and not (conf / context.env).is_dir():
            listed = {folder.name for folder in conf.iterdir() if folder.is_dir()} - UNLISTED
            raise ParameterError(f"--env: {no_such('environment', context.env, listed)}")
        given = context.config_loader.runtime_params
        if not given:
            return
        _require_places(given)
        known = _parameters_in(conf, context.env)
        for name in sorted(set(given) - known):
            if name in RENAMED:
                raise ParameterError(f"--params: '{name}' is called '{RENAMED[name]}' now")
            raise ParameterError(f"--params: {no_such('parameter', name, known)}")
        if "raw" in given and context.config_loader["parameters"]["drawing"] is not None:
            raise ParameterError(
                "--params raw: this environment draws its own data sets and reads no others; add "
                "--env=small (or paper), which reads yours"
            )
        if given.get("raw"):
            raw_folder(given["raw"])

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], catalog: Any) -> None:
        """Look for the tags and versions that are named; Kedro passes over a tag that is not."""
        if told := misnamed(run_params, pipelines):
            raise ParameterError(told)
        for name, version in (run_params["load_versions"] or {}).items():
            if version.lower() == NEWEST:
                load_newest(catalog, name)
            else:
                require_version(catalog, name, version, "--load-versions")


def _require_places(given: Mapping[str, Any]) -> None:
    """Stop where a parameter names a file or folder that is not there: told at once."""
    for name in ("data", "work", "raw", "photos", "detector_weights", "parser_weights"):
        if isinstance(given.get(name), list | dict):
            raise ParameterError(f"{name}: {given[name]!r} is no path; name one, with {name}=PATH")
    if given.get("photos"):
        from faceinsight.inference.folder import find_folder

        find_folder(given["photos"])
    for name in ("detector_weights", "parser_weights"):
        if given.get(name):
            from faceinsight.data.parsing.weights import check_weights

            check_weights(name, Path(given[name]))


def _parameters_in(conf: Path, environment: str | None) -> set[str]:
    """Names of the parameters that files hold, unresolved: Kedro's own reading takes a second."""
    from kedro.framework.project import settings

    reads = settings.CONFIG_LOADER_ARGS
    names: set[str] = set()
    for folder in {reads["base_env"], environment or reads["default_run_env"]}:
        for path in (conf / folder).rglob("*.y*ml"):
            file = path.relative_to(conf / folder).as_posix()
            if any(fnmatch(file, form) for form in reads["config_patterns"]["parameters"]):
                names |= set(yaml.load(path.read_bytes(), yaml.CSafeLoader) or ())
    return names


class ConfigurePipelines:
    """Tell which data sets, variants and seeds the configuration has, before pipelines are built.

    Last, since a name that does not exist is told better by `RefuseUnknownNames`.
    """

    @hook_impl(trylast=True)
    def after_context_created(self, context: Any) -> None:
        """Read the parameters, once: what is set in the loader is not read from files again."""
        loader = context.config_loader
        parameters = with_texts(loader["parameters"])
        for name in ("data", "raw", "work"):
            if not str(parameters[name] or "").strip():
                raise ParameterError(f"{name}: it is empty; name a folder with {name}=FOLDER")
        runs.configure(parameters)
        # `celeba:` with nothing behind it.
        datasets = {name: given or {} for name, given in parameters["datasets"].items()}
        parameters["datasets"] = datasets
        loader["parameters"] = parameters | runs.configured().parameters

    @hook_impl
    def after_catalog_created(self, catalog: Any, parameters: dict[str, Any]) -> None:
        """The raw folder's entry lies where the parameter says, which no catalog file can tell."""
        if "raw" in catalog:
            catalog.get("raw").move_to(parameters["params:raw"])


class PinVersionsOfThisRun:
    """Make a run read back exactly what it wrote.

    Kedro loads the newest version of an artifact. With two runs on one data folder that may be the
    other run's, so what this run will save is pinned to this run's version, before it begins and
    hence in every process that takes part.
    """

    @hook_impl
    def before_pipeline_run(self, pipeline: Any, catalog: Any) -> None:
        """Pin what the pipeline makes to the version that it will be saved as."""
        for name in pipeline.all_outputs():
            dataset: Any = catalog.get(name)
            # Kedro has no public way to change the version of an entry that is there: to replace it
            # would drop its validator, and warn.
            version = getattr(dataset, "_version", None)
            if version is not None and version.load is None:
                dataset._version = Version(version.save, version.save)


class TryOut:
    """Stop a run before it begins where a part of it cannot be made."""

    @hook_impl(trylast=True)
    def before_pipeline_run(self, pipeline: Any, catalog: Any) -> None:
        """Try out rules, weights and models; see `faceinsight.pipelines.trial`."""
        from faceinsight.pipelines.trial import try_out

        require_inputs(pipeline, catalog)
        try_out(pipeline.nodes, catalog.load)


class TellWhatRuns:
    """Let no work be silent for long: nodes without a progress bar are named while they run."""

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self) -> None:
        """What is tried out before the first node may take a while."""
        at_work("preparing the run")

    @hook_impl
    def before_node_run(self, node: Any) -> None:
        """A node begins."""
        what = node.func.__name__.replace("_", " ")
        at_work(f"{what} of {node.namespace}" if node.namespace else what)

    @hook_impl
    def after_node_run(self) -> None:
        """It has ended."""
        at_work(None)

    @hook_impl
    def on_node_error(self) -> None:
        """It has ended otherwise."""
        at_work(None)

    @hook_impl
    def on_pipeline_error(self) -> None:
        """What follows is the error's own sentence."""
        at_work(None)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Nothing runs any longer."""
        at_work(None)


class TellResults:
    """End a run with what a person wants to know: its metrics, where they lie, what to do next."""

    @hook_impl
    def after_pipeline_run(self, pipeline: Any, catalog: Any) -> None:
        """Lead `latest` to what was made, and print what `faceinsight.reports.terminal` says."""
        from faceinsight.reports.terminal import run_summary

        def path_of(name: str) -> Path | None:
            return newest_path(catalog.get(name))

        self._show(pipeline, catalog)
        for text in run_summary(pipeline.all_outputs(), catalog.load, path_of):
            logger.info("%s", text)

    @hook_impl
    def on_pipeline_error(self, pipeline: Any, catalog: Any) -> None:
        """What was made before the error is whole, and the newest."""
        self._show(pipeline, catalog)

    def _show(self, pipeline: Any, catalog: Any) -> None:
        for name in sorted(pipeline.all_outputs()):
            path = newest_path(catalog.get(name))
            try:
                if path is not None:
                    show_latest(path)
            except OSError as error:  # What was made is told by its own path.
                logger.warning("%s could not be shown under %s: %s", path, FOLDER, error)
                return  # so it is with all others


def require_inputs(pipeline: Any, catalog: Any) -> None:
    """Stop where a node needs an artifact that no node of the run makes and that is not there.

    Raises:
        VersionNotFoundError: it has no version; of a model rather than of what is made from it.
    """
    for name in sorted(pipeline.inputs(), key=lambda name: (not name.endswith("model"), name)):
        dataset = None if name.startswith("param") else catalog.get(name)
        if isinstance(dataset, AbstractVersionedDataset):
            dataset.resolve_load_version()


def load_newest(catalog: Any, name: str) -> None:
    """Load the newest version of an artifact, as where none is named."""
    dataset = catalog.get(name)
    # Kedro has no public way to change the version of an entry that is there, see above.
    version = getattr(dataset, "_version", None)
    if version is not None:
        dataset._version = Version(None, version.save)


def newest_path(dataset: Any) -> Path | None:
    """Where the version that a dataset loads lies; None for what is kept nowhere."""
    if not isinstance(dataset, AbstractVersionedDataset):
        return None
    with suppress(VersionNotFoundError):
        version = dataset.resolve_load_version()
        paths = [Path(path) for path in dataset.list_versions()]
        return next((path for path in paths if path.parent.name == version), None)
    return None
