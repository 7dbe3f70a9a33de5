"""Kedro's project settings."""

from kedro.config import OmegaConfigLoader

from faceinsight.hooks import PinVersionsOfThisRun, TellResults

HOOKS = (PinVersionsOfThisRun(), TellResults())

CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {
        # The vocabulary and the rules have files of their own. The vocabulary is global because
        # the catalog's validator of label tables needs it as well as the nodes.
        "globals": ["globals*", "characteristics*"],
        "parameters": ["parameters*", "parameters*/**", "rules*"],
    },
    # Environments change single values of nested parameters, not whole top-level keys.
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}
