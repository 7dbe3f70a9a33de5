"""What clauses claim, put together into labels that say where a text contradicts itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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


def combine(
    claims: Iterable[Claim],
    ages: Iterable[AgeClaim],
    vocabulary: Vocabulary,
    age_groups: Mapping[str, Mapping[str, Years]],
    asked: Collection[str] = (),
    true: Mapping[str, bool] | None = None,
) -> Findings:
    """Put claims together.

    Args:
        claims: in the order of the text.
        ages: likewise.
        vocabulary: gives the groups of which exactly one member holds.
        age_groups: groups of classes of ages, with their years.
        asked: ids that were asked about: a word with several readings means these.
        true: known labels; a word with several readings is then read as it agrees with them, if
            it does.

    Returns:
        Labels, without those that contradict each other.
    """
    stated: dict[str, dict[bool, str]] = {}
    weak: dict[str, dict[bool, str]] = {}
    open_: list[Claim] = []
    for claim in claims:
        if claim.either:
            open_.append(claim)
            continue
        for id_ in _readings(claim, asked, true):
            (weak if claim.weak else stated).setdefault(id_, {}).setdefault(
                claim.present, claim.evidence
            )
    for id_, sides in weak.items():
        if len(sides) == 1 and not _settled(id_, stated, vocabulary):
            stated[id_] = sides
    found = Findings()
    for id_, sides in stated.items():
        if len(sides) > 1:
            found.contradictions.add(id_)
        else:
            found.labels[id_] = True in sides
        found.evidence[id_] = next(iter(sides.values()))
    age_claims = list(ages)
    for classes in age_groups.values():
        _settle_age(found, age_claims, dict(classes))
    for members in vocabulary.groups.values():
        _exclude_by_choice(found, open_, members)
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


def _settled(id_: str, stated: Mapping[str, object], vocabulary: Vocabulary) -> bool:
    """Whether anything is stated of a characteristic, or of another of its group."""
    group = next((members for members in vocabulary.groups.values() if id_ in members), (id_,))
    return any(member in stated for member in group)


def _settle_age(found: Findings, claims: list[AgeClaim], classes: dict[str, Years]) -> None:
    """Labels of one group of classes of ages, from all that is said about age."""
    told = [claim for claim in claims if not claim.denied]
    deciding = max((claim.kind for claim in told), default=0)
    chosen: dict[str, str] = {}
    possible = set(classes)
    for claim in told:
        touched = {id_ for years in claim.years for id_ in classes_of(classes, years)}
        possible &= touched
        meant = {class_of(classes, years) for years in claim.years}
        if claim.kind == deciding > 0 and len(meant) == 1 and (only := meant.pop()) is not None:
            chosen.setdefault(only, claim.evidence)
    evidence = told[0].evidence if told else ""
    for id_ in classes:
        if id_ in chosen:
            agreed = len(chosen) == 1 and all(
                any(id_ in classes_of(classes, years) for years in claim.years) for claim in told
            )
            _say(found, id_, True, chosen[id_])
            if not agreed:
                found.labels.pop(id_, None)
                found.contradictions.add(id_)
        elif chosen or (possible and id_ not in possible):
            _say(found, id_, False, evidence)
    for claim in claims:
        for id_, (first, last) in classes.items():
            for low, high in claim.years if claim.denied else ():
                inside = low <= first and (high is None or (last is not None and last <= high))
                # "not 35 years old" denies the class, for which a single year stands.
                if inside or class_of(classes, (low, high)) == id_:
                    _say(found, id_, False, claim.evidence)


def _say(found: Findings, id_: str, present: bool, evidence: str) -> None:
    if found.labels.get(id_, present) is not present:
        del found.labels[id_]
        found.contradictions.add(id_)
    elif id_ not in found.contradictions:
        found.labels[id_] = present
        found.evidence.setdefault(id_, evidence)


def _exclude_by_choice(found: Findings, open_: list[Claim], members: tuple[str, ...]) -> None:
    """ "male or female", "happy or surprised": the group's other members are absent."""
    for claim in open_:
        if all(id_ in members for id_ in claim.ids):
            for id_ in members:
                if id_ not in claim.ids and id_ not in found.contradictions:
                    found.labels.setdefault(id_, False)
                    found.evidence.setdefault(id_, claim.evidence)


def _settle_group(found: Findings, members: tuple[str, ...]) -> None:
    """Exactly one member holds: one that is present excludes the others, two contradict."""
    held = [id_ for id_ in members if found.labels.get(id_)]
    clashing = [id_ for id_ in members if id_ in found.contradictions]
    if held:
        source = found.evidence[held[0]]
        if len(held) > 1:
            for id_ in held:
                del found.labels[id_]
            found.contradictions.update(held)
        for id_ in members:
            if id_ not in held and id_ not in found.contradictions:
                found.labels[id_] = False
                found.evidence.setdefault(id_, source)
        return
    if clashing:
        return
    unknown = [id_ for id_ in members if id_ not in found.labels]
    denied = [id_ for id_ in members if found.labels.get(id_) is False]
    if len(unknown) == 1:
        found.labels[unknown[0]] = True
        found.evidence.setdefault(unknown[0], found.evidence[denied[0]])
    elif not unknown:
        for id_ in members:
            del found.labels[id_]
        found.contradictions.update(members)
