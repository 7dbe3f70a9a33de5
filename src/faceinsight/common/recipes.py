"""Recipe numbers: raised by hand where the code makes something else of the same input.

What long work makes is kept under a digest of its data, its parameters and its recipe number, so
that a second start finds it. The source's text is no part of that: a comment must not train a model
again. Whoever changes what a piece of work gives for the same input raises its number here, in the
same commit; all that was made with the old one is then made anew. (Drawn faces have theirs beside
their code, in the manifest that lies with them: `data.drawn.writing.GENERATOR_VERSION`.)
"""

from __future__ import annotations

RECIPES = {
    "audit": 2,  # what is said of a photograph: usable, or the reason why not
    "detection": 1,  # boxes and points of faces
    "parsing": 1,  # label maps by the parser
    "crops": 2,  # how a face is cut out, and its map with it
    "training": 1,  # models
    "answers": 2,  # what a rival is shown or sent; its answers may cost money
    "finetuning": 2,  # rivals' adapters
    "scoring": 6,  # energies and labels of one's own photographs
    "pictures": 2,  # photographs with boxes and labels
}
"""The number of each kind of work."""


def recipe(kind: str) -> str:
    """Name and number of a kind of work, as a part of a digest.

    Raises:
        KeyError: there is no such kind.
    """
    return f"{kind} {RECIPES[kind]}"
