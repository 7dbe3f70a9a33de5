"""Figures and the report: what was measured, for people to read."""

FIGURES = (
    "composition",
    "prevalence",
    "prior",
    "rules",
    "each_rule",
    "curves",
    "tasks",
    "classes",
    "ablation",
    "characteristics",
    "reliability",
    "coverage",
)
"""Names of the report's figures, in its order; Kedro-Viz previews them as well."""
