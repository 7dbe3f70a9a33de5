"""How often labels themselves break the rules: what a rule claims, measured against data."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from faceinsight.method.rules.compiler import RuleSet


def violations(labels: NDArray[np.int8], ruleset: RuleSet) -> pd.DataFrame:
    """Count, for each rule, the images that decide it and those that break it.

    An image decides a rule if its known labels make the rule true or false in Kleene's
    three-valued logic: an absent `Bald` decides `Bald -> not Bangs`, whatever `Bangs` may be.

    Args:
        labels: int8 [N, K]; 1 present, 0 absent, -1 unknown.
        ruleset: M rules over the same K characteristics.

    Returns:
        M rows: `rule`, `reason`, `kind`, `decidable` and `broken` (numbers of images).
    """
    truth = ruleset.truth(labels)
    return pd.DataFrame(
        {
            "rule": list(ruleset.texts),
            "reason": [rule.reason for rule in ruleset.rules],
            "kind": [rule.kind for rule in ruleset.rules],
            "decidable": (truth >= 0).sum(axis=0),
            "broken": (truth == 0).sum(axis=0),
        }
    )
