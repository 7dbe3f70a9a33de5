"""What clauses claim, put together into labels that say where a text contradicts itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from faceinsight.answers.ages import class_of, classes_of
from faceinsight.answers.settings import Years
from faceinsight.method.characteristics import Vocabulary


@dataclass(frozen=True)
class Claim:
    """That characteristics are present, or absent.

    Attributes:
        ids: readings of one word in several data sets' terms; one or more.
        present: what is claimed of them.
        evidence: the words that claim it.
        weak: whether it only holds where nothing else is said (a pronoun, for the gender).
        either: whether one of the ids is meant without saying which ("black or brown hair").
    """

    ids: tuple[str, ...]
    present: bool
    evidence: str
    weak: bool = False
    either: bool = False


@dataclass(frozen=True)
class AgeClaim:
    """That somebody's age lies in one of some ranges of years, or (denied) in none of them.

    Attributes:
        years: the ranges, one or more.
        kind: 2 a number, 1 a word for an age, 0 a stage of life: the higher decides.
        denied: whether it is denied.
        evidence: the words that claim it.
    """

    years: tuple[Years, ...]
    kind: int
    denied: bool
    evidence: str


@dataclass
class Findings:
    """Labels found in a text.

    Attributes:
        labels: id to present or absent.
        contradictions: ids that the text both claims and denies.
        evidence: id to the words that a label or contradiction is due to.
    """

    labels: dict[str, bool] = field(default_factory=dict)
    contradictions: set[str] = field(default_factory=set)
    evidence: dict[str, str] = field(default_factory=dict)

    def say(self, id_: str, present: bool, evidence: str) -> None:
        """Note that something is present or absent; whoever says both contradicts himself."""
        if self.labels.get(id_, present) is not present:
            self.contradict(id_)
        elif id_ not in self.contradictions:
            self.labels[id_] = present
            self.evidence.setdefault(id_, evidence)

    def contradict(self, id_: str) -> None:
        """Note that both is said of something."""
        self.labels.pop(id_, None)
        self.contradictions.add(id_)

    def exclude(self, ids: Iterable[str], evidence: str) -> None:
        """Note that these are absent, where nothing else is said of them."""
        for id_ in ids:
            if id_ not in self.contradictions:
                self.say(id_, self.labels.get(id_, False), evidence)


def combine(
    claims: Iterable[Claim],
    ages: Sequence[AgeClaim],
    vocabulary: Vocabulary,
    age_groups: Mapping[str, Mapping[str, Years]],
    asked: Collection[str] = (),
    true: Mapping[str, bool] | None = None,
) -> Findings:
    """Put claims together.

    Args:
        vocabulary: gives the groups of which exactly one member holds.
        age_groups: groups of classes of ages, with their years.
        asked: ids that were asked about: a word with several readings means these.
        true: known labels; a word with several readings is then read as it agrees with them, if
            it does.

    Returns:
        Labels, without those that contradict each other.
    """
    found = Findings()
    weak: dict[str, dict[bool, str]] = {}
    open_: list[Claim] = []
    for claim in claims:
        if claim.either:
            open_.append(claim)
            continue
        for id_ in _readings(claim, asked, true):
            if claim.weak:
                weak.setdefault(id_, {}).setdefault(claim.present, claim.evidence)
            else:
                found.say(id_, claim.present, claim.evidence)
    for id_, sides in weak.items():
        group = next((members for members in vocabulary.groups.values() if id_ in members), (id_,))
        if len(sides) == 1 and found.evidence.keys().isdisjoint(group):
            found.say(id_, *next(iter(sides.items())))
    for classes in age_groups.values():
        _settle_age(found, ages, classes)
    for members in vocabulary.groups.values():
        for claim in open_:
            # "male or female", "happy or surprised": the group's other members are absent.
            if set(claim.ids) <= set(members):
                found.exclude([id_ for id_ in members if id_ not in claim.ids], claim.evidence)
        _settle_group(found, members)
    return found


def _readings(
    claim: Claim, asked: Collection[str], true: Mapping[str, bool] | None
) -> tuple[str, ...]:
    if len(claim.ids) == 1:
        return claim.ids
    meant = tuple(id_ for id_ in claim.ids if id_ in asked) or claim.ids
    if true is None:
        return meant
    return tuple(id_ for id_ in meant if true.get(id_) is claim.present) or meant


def _settle_age(found: Findings, claims: Sequence[AgeClaim], classes: Mapping[str, Years]) -> None:
    """Labels of one group of classes of ages, from all that is said about age."""
    told = [claim for claim in claims if not claim.denied]
    deciding = max((claim.kind for claim in told), default=0)
    touched = [{id_ for years in c.years for id_ in classes_of(classes, years)} for c in told]
    possible = set(classes).intersection(*touched)
    chosen: dict[str, str] = {}
    for claim in told:
        meant = {class_of(classes, years) for years in claim.years}
        if claim.kind == deciding > 0 and len(meant) == 1 and (only := meant.pop()) is not None:
            chosen.setdefault(only, claim.evidence)
    for id_ in classes:
        if id_ in chosen:
            found.say(id_, True, chosen[id_])
            if len(chosen) > 1 or id_ not in possible:
                found.contradict(id_)
        elif chosen or (possible and id_ not in possible):
            found.say(id_, False, told[0].evidence)
    for claim in claims:
        for id_, (first, last) in classes.items():
            for low, high in claim.years if claim.denied else ():
                inside = low <= first and (high is None or (last is not None and last <= high))
                # "not 35 years old" denies the class, for which a single year stands.
                if inside or class_of(classes, (low, high)) == id_:
                    found.say(id_, False, claim.evidence)


def _settle_group(found: Findings, members: tuple[str, ...]) -> None:
    """Exactly one member holds: one that is present excludes the others, two contradict."""
    held = [id_ for id_ in members if found.labels.get(id_)]
    if held:
        source = found.evidence[held[0]]
        if len(held) > 1:
            for id_ in held:
                found.contradict(id_)
        for id_ in members:
            if id_ not in held and id_ not in found.contradictions:
                found.say(id_, False, source)
    elif found.contradictions.isdisjoint(members):
        unknown = [id_ for id_ in members if id_ not in found.labels]
        if len(unknown) == 1:
            denied = next(id_ for id_ in members if id_ in found.labels)
            found.say(unknown[0], True, found.evidence[denied])
        elif not unknown:
            for id_ in members:
                found.contradict(id_)
