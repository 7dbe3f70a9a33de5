"""Kedro's project settings."""

import os

from kedro.config import OmegaConfigLoader

from faceinsight.answers.settings import words_of
from faceinsight.hooks import (
    ConfigurePipelines,
    PinVersionsOfThisRun,
    RefuseUnknownNames,
    TellResults,
    TellWhatRuns,
    TryOut,
)

# PyTorch's threads wait for each other by spinning. Where another process wants a core as well,
# that makes two threads many times slower than one; to sleep sooner costs a few per cent where none
# does. Read when torch is first loaded, and left alone where somebody has set it.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

HOOKS = (
    RefuseUnknownNames(),
    ConfigurePipelines(),
    PinVersionsOfThisRun(),
    TellWhatRuns(),
    TryOut(),
    TellResults(),
)

CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {
        # The vocabulary, with its words, and the rules have files of their own. It is global, since
        # the catalog's validator of label tables needs it as well as the nodes.
        "globals": ["globals*", "characteristics*"],
        "parameters": ["parameters*", "parameters*/**", "rules*"],
    },
    "custom_resolvers": {"words": words_of},
    # Environments change single values of nested parameters, not whole top-level keys.
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}
