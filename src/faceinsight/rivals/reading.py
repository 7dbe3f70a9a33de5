"""Answers to predictions, in the form of our models', and a tally of what could not be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from faceinsight.answers import questions as in_words
from faceinsight.answers.choices import Options
from faceinsight.answers.replies import spoken
from faceinsight.rivals.questions import Question, questions_of
from faceinsight.rivals.settings import RivalsSettings

if TYPE_CHECKING:
    from faceinsight.answers.parser import AnswerParser
    from faceinsight.method.characteristics import Vocabulary
    from faceinsight.method.rules.compiler import RuleSet

_NOT_ASKED = -1.0
"""Log-odds of what was not asked, where labels are completed: absent, unless a rule says more."""

OUTCOMES = ("answered", "refused", "contradictory", "unreadable", "unlisted", "failed")
"""What can become of a question; see `tally`."""

_KINDS: dict[str, in_words.Kind] = {"each": "yes_no", "choice": "group", "list": "topic"}
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*")


def read_given(text: str, question: Question) -> dict[str, bool] | None:
    """Labels of an answer in the words or letters that its question gives; None for any other.

    A list names what is present, and so the rest absent.
    """
    by_word = {_plain(word): m for word, m in zip(question.words, question.members, strict=True)}
    if question.kind == "list":
        items = [_BULLET.sub("", item) for line in text.splitlines() for item in line.split(",")]
        named = {_plain(item) for item in items} - {""}
        if not named or not named <= by_word.keys():
            return None
        present = {by_word[name] for name in named}
    elif question.kind == "choice":
        by_letter = dict(zip(question.options, question.members, strict=True))
        letters = Options(_offered(question) or {}).chosen(text)
        word = by_word.get(_plain(text))
        present = {word} if word is not None else {by_letter[letter] for letter in letters}
        if len(present) != 1:
            return None
    else:
        return None
    return {m: m in present for m in question.members}


def _offered(question: Question) -> dict[str, str] | None:
    """Letter to word of what there is to choose from."""
    if question.kind != "choice":
        return None
    return dict(zip(question.options, question.words, strict=True))


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").strip(" \t\n.*\"'").lower().split())


class Reader:
    """Reads answers to one question after another, and counts what becomes of them.

    Args:
        parser: for answers in words; None where there are none.
        unanswered: probability of a characteristic about which an answer says nothing.

    Attributes:
        counts: (data set, task, outcome) to number of questions. Beside the outcomes,
            `not_mentioned` counts the characteristics that an answer about several leaves out.
    """

    def __init__(self, parser: AnswerParser | None, unanswered: float) -> None:
        self._parser = parser
        self._unanswered = unanswered
        self.counts: Counter[tuple[str, str, str]] = Counter()

    def probabilities(self, row: Mapping[str, Any], question: Question) -> np.ndarray:
        """Probability of each of the question's members, [k].

        Args:
            row: a row of answers: `dataset`, `text`, `scores`, `floor`, `failed`.
        """
        if row["failed"] is not None:
            return self._without(row, question, "failed")
        if row["scores"] is not None:
            return self._by_likelihood(row, question)
        return self._by_text(row, question)

    def _by_likelihood(self, row: Mapping[str, Any], question: Question) -> np.ndarray:
        scores = np.array(
            [np.nan if score is None else float(score) for score in row["scores"]], dtype=np.float64
        )
        if np.isnan(scores).all():
            return self._without(row, question, "unlisted")
        floor = -np.inf if row["floor"] is None else float(row["floor"])
        scores = np.where(np.isnan(scores), floor, scores)
        self._count(row, question, "answered")
        shares = np.exp(scores - scores.max())
        shares = shares / shares.sum()
        return shares[:1] if question.kind == "each" else shares

    def _by_text(self, row: Mapping[str, Any], question: Question) -> np.ndarray:
        assert self._parser is not None
        text, chosen = spoken(row["text"]), question.kind == "choice"
        given = read_given(text, question)
        labels = given if question.kind == "list" else None
        if labels is None:
            asked = in_words.Question(question.text, question.members, _KINDS[question.kind])
            parsed = self._parser.parse(text, asked, _offered(question))
            labels = {m: parsed.labels[m] for m in question.members if m in parsed.labels}
            if parsed.refused and not parsed.labels:
                return self._without(row, question, "refused")
            if parsed.contradictions and not (any(labels.values()) if chosen else labels):
                return self._without(row, question, "contradictory")
            # The lexicon may have no words for a foreign vocabulary's classes.
            labels = labels or given or {}
        said = np.array([labels.get(m, False) for m in question.members])
        if chosen and said.sum() != 1:
            outcome = "contradictory" if said.sum() > 1 else "unreadable"
            return self._without(row, question, outcome)
        if not labels:
            return self._without(row, question, "unreadable")
        self._count(row, question, "answered")
        silent = np.array([m not in labels for m in question.members])
        if question.kind == "list":
            self._count(row, question, "not_mentioned", int(silent.sum()))
            return np.where(silent, self._unanswered, said.astype(np.float64))
        return said.astype(np.float64)

    def _without(self, row: Mapping[str, Any], question: Question, outcome: str) -> np.ndarray:
        self._count(row, question, outcome)
        # Of a group nobody is named: no member has a probability, and the answer is wrong.
        value = 0.0 if question.kind == "choice" else self._unanswered
        return np.full(len(question.members), value)

    def _count(self, row: Mapping[str, Any], question: Question, outcome: str, by: int = 1) -> None:
        self.counts[row["dataset"], question.task, outcome] += by


def predictions_of(
    answers: pd.DataFrame,
    truth: pd.DataFrame,
    vocabulary: Vocabulary,
    rule_set: RuleSet,
    settings: RivalsSettings,
    parser: AnswerParser,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read a rival's answers.

    Args:
        answers: what `inference.ask` returned.
        truth: a row a face, in the order of the predictions: `dataset`, `photograph`, `face`,
            `split`, `y_<id>`. Labels of tasks that were not asked become unknown, and faces of
            data sets that were not are left out, so that nothing else is measured.

    Returns:
        predictions, one row a face: `dataset`, `photograph`, `face`, `split`; `p_<id>` float32;
        `d_<id>` int8, the most probable labels that break no rule; `y_<id>` Int8.
        And the tally, see `tally`.

        A characteristic that the data set's tasks do not ask for is scored nowhere; it has the
        value that completes the answers to labels that break no rule, so that rules are broken by
        answers alone. The other one of a pair (Female where Male is asked) has 1 - P.
    """
    import pyarrow as pa

    from faceinsight.method.rules.decode import decode, log_odds

    truth = _asked_only(truth, answers, vocabulary)
    reader = Reader(parser, settings.unanswered)
    p = np.full((len(truth), len(vocabulary)), np.nan)
    rows = {
        (d, ph, int(f)): i
        for i, (d, ph, f) in enumerate(
            zip(truth["dataset"], truth["photograph"], truth["face"], strict=True)
        )
    }
    asked = {
        dataset: {q.key: q for q in questions_of(vocabulary, dataset, settings.questions)}
        for dataset in dict.fromkeys(truth["dataset"])
    }
    # By way of Arrow a table is the same whether it was just made or has been read from a file.
    records = pa.Table.from_pandas(answers, preserve_index=False).to_pylist()
    for row in records:
        question = asked[row["dataset"]][row["question"]]
        face = rows[row["dataset"], row["photograph"], int(row["face"])]
        p[face, [vocabulary.index[m] for m in question.members]] = reader.probabilities(
            row, question
        )
    for dataset in asked:
        of = (truth["dataset"] == dataset).to_numpy(dtype=bool)
        for one, other in vocabulary.complements(dataset).items():
            p[of, vocabulary.index[other]] = 1 - p[of, vocabulary.index[one]]
    silent = np.isnan(p)
    decoded = decode(np.where(silent, _NOT_ASKED, log_odds(np.where(silent, 0.5, p))), rule_set)
    p = np.where(silent, decoded, p).astype(np.float32)
    ids = vocabulary.ids
    table = pd.concat(
        [
            truth[["dataset", "photograph", "face", "split"]].reset_index(drop=True),
            pd.DataFrame(p, columns=[f"p_{id_}" for id_ in ids]),
            pd.DataFrame(decoded.astype(np.int8), columns=[f"d_{id_}" for id_ in ids]),
            truth[[f"y_{id_}" for id_ in ids]].reset_index(drop=True),
        ],
        axis=1,
    )
    return table, tally(reader.counts)


def _asked_only(truth: pd.DataFrame, answers: pd.DataFrame, vocabulary: Vocabulary) -> pd.DataFrame:
    asked = set(zip(answers["dataset"], answers["task"], strict=True))
    kept = truth[truth["dataset"].isin(answers["dataset"])].reset_index(drop=True)
    for dataset in dict.fromkeys(kept["dataset"]):
        tasks = vocabulary.tasks(dataset)
        known = {m for task in tasks if (dataset, task.name) in asked for m in task.members}
        unasked = [m for task in tasks for m in task.members if m not in known]
        kept.loc[kept["dataset"] == dataset, [f"y_{member}" for member in unasked]] = pd.NA
    return kept


def tally(counts: Mapping[tuple[str, str, str], int]) -> dict[str, Any]:
    """What became of the questions, in all and by data set and task.

    Returns:
        `questions` and, of these: `answered`; `refused`, the rival declines; `contradictory`, the
        answer names two classes, or says yes and no; `unreadable`, it says nothing of what was
        asked; `unlisted`, by likelihood, a server listed none of the options; `failed`, the server
        gave no answer. `not_mentioned` counts characteristics that answers about several leave out.
        The same under `datasets.<data set>.<task>`.
    """

    def of(keys: Sequence[tuple[str, str, str]]) -> dict[str, int]:
        by = Counter[str]()
        for key in keys:
            by[key[2]] += counts[key]
        known = {outcome: by[outcome] for outcome in OUTCOMES}
        return {
            "questions": sum(known.values()),
            **known,
            "not_mentioned": by["not_mentioned"],
        }

    datasets: dict[str, dict[str, Any]] = {}
    for dataset, task, _ in counts:
        keys = [key for key in counts if key[:2] == (dataset, task)]
        datasets.setdefault(dataset, {}).setdefault(task, of(keys))
    return of(list(counts)) | {"datasets": datasets}
