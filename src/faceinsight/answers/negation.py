"""How far a negation reaches: "no hat, glasses, or beard" against "no beard and black hair".

The words, and what they reach, are rows of `grammar.yml`; here they are put together from the first
word of a clause to its last.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from faceinsight.answers import grammar
from faceinsight.answers.grammar import Marked, Rules

_HEADING = "heading"
_NEGATORS, _ENDS, _BEFORE = Rules("negators"), Rules("ends"), Rules("denied_before")
_REMOVALS, _UNSETTLED, _EXCEPTIONS = Rules("removals"), Rules("unsettled"), Rules("exceptions")
_MISSING = {True: Rules("missing_denied"), False: Rules("missing_stated")}


def excepts(words: Sequence[str]) -> bool:
    """Whether words begin with an exception: "except", "other than"."""
    return _EXCEPTIONS.first(Marked(words[:3]), 0) is not None


class Negation:
    """What is denied in a clause.

    Args:
        clause: its words, of which some name things that can be taken off, or shaved off.
        taken: places of words that belong to longer phrases and negate nothing by themselves.
        heading: whether a heading denies all that follows ("Not present: ...").

    Attributes:
        denied: for each word, whether it stands within the reach of a negation.
        before: what is named before this word is denied as well ("a hat is not present").
        excepted: places of the words that name an exception to what the others say.
        open: for each word, whether what is named there is left open.
    """

    def __init__(self, clause: Marked, taken: Collection[int] = (), heading: bool = False) -> None:
        self.denied, self.open = [heading] * len(clause), [False] * len(clause)
        self.before, self.excepted = 0, range(0)
        self._clause = clause
        self._reach, self._since = (_HEADING if heading else ""), 0
        self._clausal = False  # "no sign that ...": what its verb says is denied
        self._gone: Collection[int] = ()
        self._listed = 0  # up to here words are objects of a removal
        for place in range(len(clause)):
            if place < self._listed:
                self.denied[place] = place in self._gone or self._reach == _HEADING
            elif place in taken or not self._opens(place):
                if place not in taken:
                    self._look(place)
                self.denied[place] = bool(self._reach)

    def missing(self, start: int, stop: int, denied: bool) -> bool:
        """Whether a noun is missing as such: "no hair", "lost his hair", but not "no long hair"."""
        if denied and not grammar.SEEING.isdisjoint(self._clause.words):
            return False  # what cannot be seen need not be missing
        return _MISSING[denied].first(self._clause, stop, before=start) is not None

    @property
    def _reached(self) -> bool:
        """Whether a negation of the clause itself, and no heading, reaches so far."""
        return self._reach not in ("", _HEADING)

    def _opens(self, place: int) -> bool:
        """Whether a word denies something; what it reaches is noted."""
        found = _NEGATORS.first(self._clause, place)
        if found is None or found.rule["reach"] == "none":
            return False
        word = self._clause.words[place]
        if self._reached and place - self._since <= 2 and word in grammar.REVERSING:
            self._reach = ""  # "not without"
        else:
            self._reach, self._since = found.rule["reach"], found.end - 1
        if word == "not" and _BEFORE.first(self._clause, place):
            self.before = place
        return True

    def _look(self, place: int) -> None:
        """Heed a word that denies nothing by itself, but says what is gone, open, or at an end."""
        clause, word = self._clause, self._clause.words[place]
        if word not in grammar.NEGATORS and _BEFORE.first(clause, place):
            self.before = place
        self._remove(place)
        for found in _UNSETTLED.all_at(clause, place):
            self._leave_open(found.places)
        if self._reached and word == "that" and clause.words[place - 1] in grammar.EVIDENCE:
            self._reach, self._clausal = "", True  # "no sign that the man ...": there is a man
        elif self._clausal and word in grammar.RELATIVES:
            # The verb of "the woman, who is young, wears ..." is not the next one.
            self._leave_open(range(place, len(clause)))
            self._clausal = False
        elif self._clausal and word in grammar.FINITE:
            self._reach, self._since, self._clausal = "verb", place, False
        if exception := _EXCEPTIONS.first(clause, place):
            self._reach, self.excepted = "", exception.places
        if self._reached and place > self._since and self._ends(place):
            self._reach = ""

    def _remove(self, place: int) -> None:
        """Heed what is taken off, held or put down."""
        found = _REMOVALS.first(self._clause, place)
        if found is None:
            return
        says, words = found.rule["says"], self._clause.words
        named = [at for at in found.places if at in self._clause.things or found.rule.get("whole")]
        if says == "held" and (self._reach or not named):
            return
        # Whoever "removed neither his hat nor his tie" may wear both, or have worn neither.
        negators = [at for at in found.places if words[at] in grammar.NEGATORS]
        gone = [at for at in named if says == "gone" and at < min([*negators, len(words)])]
        open_ = [at for at in named if says != "kept" and at not in gone]
        denied = says == "kept" or self._since == place - 1
        denied = denied or (
            self._reach in ("verb", "phrase", "neither") and words[place - 1] != "and"
        )
        if self._reached and denied:
            # "Has not taken off his hat, nor his tie", "neither his hat nor his tie has been
            # removed": what is not removed is there.
            self._reach, self._gone, self._listed = "", (), found.end
            for at in open_:
                self.denied[at] = False
        elif gone or open_:
            self._reach = self._reach if self._reach == _HEADING else ""
            self._gone, self._listed = gone, found.end
            self._leave_open(open_)

    def _leave_open(self, places: Collection[int]) -> None:
        for at in places:
            self.open[at] = True

    def _ends(self, place: int) -> bool:
        for found in _ENDS.all_at(self._clause, place):
            rule = found.rule
            meant = self._reach in rule["of"] if "of" in rule else self._reach != "non"
            if meant and not (rule.get("later") and place == self._since + 1):
                return not rule.get("open")
        return False
