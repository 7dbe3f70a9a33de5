"""Kedro hooks of the project."""

from __future__ import annotations

import logging
import re
from pathlib import Path, PurePath
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io.core import Version

from faceinsight.common.messages import no_such
from faceinsight.errors import ParameterError
from faceinsight.pipelines.messages import require_version

logger = logging.getLogger(__name__)

RENAMED = {"baseline": "rival", "others": "tables"}
"""Parameters of former versions, and what they are called now."""

PAGES = {"report": "The report", "paper_page": "Beside the paper"}
"""Pages for a browser, and what a run calls them at its end."""

TOLD = {"ablation", "metrics", "tables_scores", "photo_scores"}
TOLD |= {"rival_training_free.metrics", "rival_tuned.metrics"}
"""Further artifacts of which something is told while they are made, or at the end."""

UNLISTED = {"local", "tiny"}
"""Environments that are not for choosing: a person's own values, which always count, and tests'."""


class RefuseUnknownNames:
    """Stop a run that names what is not there: environment, parameter, or version.

    Parameters are those of `--params` that nothing reads, e.g. misspelt ones. What is nested is
    checked by the typed parameters themselves.
    """

    @hook_impl
    def after_context_created(self, context: Any) -> None:
        """Compare the names given with those that the configuration knows."""
        conf = Path(context.config_loader.conf_source)
        if context.env and conf.is_dir() and not (conf / context.env).is_dir():
            listed = {folder.name for folder in conf.iterdir() if folder.is_dir()} - UNLISTED
            raise ParameterError(f"--env: {no_such('environment', context.env, listed)}")
        given = context._runtime_params or {}
        if not given:
            return
        from kedro.framework.project import settings

        loader = settings.CONFIG_LOADER_CLASS(
            context.config_loader.conf_source, env=context.env, **settings.CONFIG_LOADER_ARGS
        )
        parameters = loader["parameters"]  # reads all files, each time
        known = set(parameters)
        for name in sorted(set(given) - known):
            if name in RENAMED:
                raise ParameterError(f"--params: '{name}' is called '{RENAMED[name]}' now")
            raise ParameterError(f"--params: {no_such('parameter', name, known)}")
        variants = set(parameters["variants"])
        if "variant" in given and given["variant"] is None:
            raise ParameterError(f"variant: none is named; there are {', '.join(sorted(variants))}")
        if "variant" in given and str(given["variant"]) not in variants:
            raise ParameterError(f"variant: {no_such('variant', str(given['variant']), variants)}")
        if "raw" in given and given.get("drawing", parameters["drawing"]) is not None:
            raise ParameterError(
                "--params raw: this environment draws its own data sets and reads no others; add "
                "--env=small (or paper), which reads yours"
            )

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], catalog: Any) -> None:
        """Look for the versions that `--load-versions` names."""
        for name, version in (run_params["load_versions"] or {}).items():
            require_version(catalog, name, version, "--load-versions")


class PinVersionsOfThisRun:
    """Make a run read back exactly what it wrote.

    Kedro loads the newest version of an artifact. With two runs on one data folder that may be the
    other run's, so what this run has saved is pinned to this run's version.
    """

    def __init__(self) -> None:
        self._catalog: Any = None

    @hook_impl
    def after_catalog_created(self, catalog: Any) -> None:
        """Keep the catalog whose entries are pinned."""
        self._catalog = catalog

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Pin the entry's load version to the version it was just saved as."""
        dataset: Any = self._catalog.get(dataset_name) if self._catalog is not None else None
        version = getattr(dataset, "_version", None)
        if version is not None and version.load is None:
            dataset._version = Version(version.save, version.save)
            dataset._clear_version_cache()


class TellResults:
    """End a run with what a person wants to know: the table, where the report is, what was made."""

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Any, catalog: Any) -> None:
        """Print the ablation table, a model's metrics, photographs' scores, and where they lie."""
        made = pipeline.all_outputs()
        if made & {"ablation", "metrics"}:
            from faceinsight.data.drawn import is_drawn
            from faceinsight.evaluation.text import ablation_text, metrics_text

            parameters = catalog.load("parameters")
            drawn = parameters["drawing"] is not None or is_drawn(Path(parameters["raw"]))
            if "ablation" in made:
                level = catalog.load("params:evaluation").level
                logger.info("\n%s\n", ablation_text(catalog.load("ablation"), level, drawn))
            if "metrics" in made:
                logger.info("\n%s\n", metrics_text(catalog.load("metrics"), drawn))
        self._tell_agreement(sorted(made), catalog)
        for name, told in PAGES.items():
            if name in made:
                logger.info("%s: %s", told, catalog.get(name)._get_load_path())
        if "tables_scores" in made:
            self._tell_tables(catalog, alone="report" not in made)
        if "photo_scores" in made:
            draws = "annotated_photographs" in made and catalog.load("params:predict").pictures
            self._tell_scores(catalog, draws)
        if not made & {*TOLD, *PAGES}:
            self._tell_places(made, catalog)

    def _tell_places(self, made: set[str], catalog: Any) -> None:
        paths = {name: getattr(catalog.get(name), "_filepath", None) for name in made}
        kept = {name.rpartition(".")[2] for name, path in paths.items() if path}
        layers = {str(_layer(path)) for path in paths.values() if path}
        if kept:
            logger.info("Made in %s: %s", ", ".join(sorted(layers)), ", ".join(sorted(kept)))

    def _tell_agreement(self, made: list[str], catalog: Any) -> None:
        names = [name for name in made if name.endswith("answers_agreement")]
        if not names:
            return
        from faceinsight.evaluation.text import agreement_text
        from faceinsight.method.variants import LABELS

        chosen = catalog.load("params:chosen_variant")
        own = chosen["name"] if isinstance(chosen, dict) else chosen.name
        by_variant = {name.partition(".")[0] if "." in name else own: name for name in names}
        told = agreement_text({v: catalog.load(by_variant[v]) for v in LABELS if v in by_variant})
        if told:
            logger.info("%s\n", told)

    def _tell_tables(self, catalog: Any, alone: bool) -> None:
        if len(catalog.load("tables_scores")):
            logger.info("The table: %s", catalog.get("tables_scores")._get_load_path())
        elif alone:
            logger.info(
                "No other system is scored: name the folder of their answers with --params "
                "tables.folder=FOLDER."
            )

    def _tell_scores(self, catalog: Any, draws: bool) -> None:
        from faceinsight.answers.labels import summary_text
        from faceinsight.method.characteristics import Vocabulary

        faces, skipped = catalog.load("photo_scores"), catalog.load("skipped_photographs")
        vocabulary = Vocabulary.of_model(catalog.load("model"))
        logger.info("\n%s\n", summary_text(faces, skipped, vocabulary))
        logger.info("The table: %s", catalog.get("photo_scores_csv")._get_load_path())
        logger.info("    and as %s", catalog.get("photo_scores")._get_load_path())
        if len(skipped):
            logger.info("Skipped: %s", catalog.get("skipped_photographs")._get_load_path())
        if draws:
            logger.info("The pictures: %s", catalog.load("annotated_photographs"))


def _layer(path: PurePath) -> PurePath:
    """The layer of the data that an artifact lies in, e.g. `data/04_feature`."""
    return next((up for up in path.parents if re.match(r"\d\d_", up.name)), path.parent)
