"""Six small data sets of drawn faces, in the layouts of the real ones.

Whoever has neither photographs nor a GPU sees the whole chain run on them: the same readers serve
them, their characteristics are correlated as in life, and some can be read only from shape, some
only from colour or texture, and some best from their neighbours. They show that the machinery
works, not how well it does on photographs of people.
"""

from typing import TYPE_CHECKING, Any

from faceinsight.data.drawn.settings import DATASETS, DrawnSettings, MapErrors

if TYPE_CHECKING:
    from faceinsight.data.drawn.writing import GENERATOR_VERSION, draw_datasets, is_drawn

__all__ = [
    "DATASETS",
    "GENERATOR_VERSION",
    "DrawnSettings",
    "MapErrors",
    "draw_datasets",
    "is_drawn",
]


def __getattr__(name: str) -> Any:
    """Import what draws when it is first used; the settings alone cost little."""
    if name in __all__:
        from faceinsight.data.drawn import writing

        return getattr(writing, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
