"""Errors that a person reads: one sentence that names the place and what to do.

Every error that input, configuration or weights can cause is a `FaceInsightError`; anything
else that escapes is a defect of ours.
"""


class FaceInsightError(Exception):
    """Base of all errors caused by what a user gave, not by a defect of the project."""


class LabelFileError(FaceInsightError):
    """A label file is missing or malformed; the message names file, row and what was expected."""


class PhotographError(FaceInsightError):
    """One photograph cannot be used; pipelines count and list these and go on.

    Attributes:
        reason: the short, countable reason ("missing", "truncated", ...).
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class VocabularyError(FaceInsightError):
    """The configured vocabulary of characteristics contradicts itself."""


class RuleError(FaceInsightError):
    """A rule cannot be read, or the rule set is contradictory; the message quotes the rule."""


class ParameterError(FaceInsightError):
    """A parameter has a value that cannot work; the message names the parameter."""


class WeightsError(FaceInsightError):
    """Weights are missing, or not of the expected form; the message says what to put where."""
