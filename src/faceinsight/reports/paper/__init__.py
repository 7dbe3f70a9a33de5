"""The paper's numbers as data, and its tables and figures made again beside them."""

FIGURES = (
    "radar",
    "bars_3",
    "bars_4",
    "bars_5",
    "bars_6",
    "answers",
    "steps",
    "components",
    "omega",
    "groups",
    "gaps",
    "temperature",
)
"""Names of the page's figures, in its order; Kedro-Viz previews them as well."""
