"""The small causal model from which drawn faces take their characteristics.

`MODEL` below is the whole model, written to be read from top to bottom: a later row may depend on
earlier ones only. Characteristics are correlated as in life (a beard needs a man, grey hair comes
with age) and obey the project's rules by construction. The race labels are drawn as an abstract
badge; by intent no other feature of a drawn face depends on them.

Names that the vocabulary lacks (`grown`, `full_beard`, `red_hair`) are hidden causes, or looks that
only the drawing uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

AGES: dict[str, tuple[int, int]] = {
    "age_0_2": (1, 2),
    "age_3_9": (3, 9),
    "age_10_19": (10, 19),
    "age_20_29": (20, 29),
    "age_30_39": (30, 39),
    "age_40_49": (40, 49),
    "age_50_59": (50, 59),
    "age_60_69": (60, 69),
    "age_70_plus": (70, 95),
}
"""First and last year of each age group, both inclusive."""


@dataclass(frozen=True)
class Chance:
    """One characteristic, present with a probability that its causes raise or lower.

    Attributes:
        id: the characteristic.
        share: probability where no cause is present.
        causes: weight in log-odds that each present cause adds.
        needs: absent unless all of these are present.
        excluded_by: absent where one of these is present.
    """

    id: str
    share: float
    causes: Mapping[str, float] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    excluded_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """Exactly one of several, with probability in proportion to weight times exp(causes).

    Attributes:
        options: id to (weight, weights in log-odds that each present cause adds). An option that
            the vocabulary lacks stands for "none of these".
        excluded_by: none of the options where one of these is present.
    """

    options: Mapping[str, tuple[float, Mapping[str, float]]]
    excluded_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Follows:
    """A characteristic that is present exactly where one of others is (or, negated, none is)."""

    id: str
    of: tuple[str, ...]
    negated: bool = False


Row = Chance | Choice | Follows

PERSON: tuple[Row, ...] = (
    Choice({"Female": (1, {}), "Male": (1, {})}),
    Choice({age: (1, {}) for age in AGES}),
    Follows("Young", ("age_0_2", "age_3_9", "age_10_19", "age_20_29", "age_30_39")),
    Follows("Middle_Aged", ("age_40_49", "age_50_59")),
    Follows("Senior", ("age_60_69", "age_70_plus")),
    Follows("child", ("age_0_2", "age_3_9")),
    Follows("grown", ("age_0_2", "age_3_9", "age_10_19"), negated=True),
    # Race: seven classes, five classes, and MAAD's three, which say the same in other words.
    Choice(
        {
            "race7_White": (1, {}),
            "race7_Black": (1, {}),
            "race7_Latino_Hispanic": (1, {}),
            "race7_East_Asian": (1, {}),
            "race7_Southeast_Asian": (1, {}),
            "race7_Indian": (1, {}),
            "race7_Middle_Eastern": (1, {}),
        }
    ),
    Follows("race5_White", ("race7_White",)),
    Follows("race5_Black", ("race7_Black",)),
    Follows("race5_Asian", ("race7_East_Asian", "race7_Southeast_Asian")),
    Follows("race5_Indian", ("race7_Indian",)),
    Follows("race5_Others", ("race7_Latino_Hispanic", "race7_Middle_Eastern")),
    Follows("White", ("race5_White",)),
    Follows("Black", ("race5_Black",)),
    Follows("Asian", ("race5_Asian",)),
    # The shape of the face and its parts.
    Chance("Chubby", 0.12, {"Middle_Aged": 0.9, "child": 0.6}),
    Choice(
        {
            "Oval_Face": (1.0, {"Female": 0.8, "Chubby": -1.5}),
            "Square_Face": (0.7, {"Male": 1.2}),
            "Round_Face": (0.5, {"Chubby": 2.0, "child": 0.8}),
            "heart_shaped_face": (0.7, {"Female": 0.4}),
        }
    ),
    Chance("Double_Chin", 0.04, {"Chubby": 3.2, "Senior": 0.8}, excluded_by=("child",)),
    Chance("Big_Nose", 0.12, {"Male": 1.3, "Senior": 0.8}, excluded_by=("child",)),
    Chance("Pointy_Nose", 0.35, {"Female": 0.6, "Big_Nose": -1.2}),
    Chance("Big_Lips", 0.2, {"Female": 0.8}),
    Chance("Arched_Eyebrows", 0.12, {"Female": 2.0}),
    Chance("Bushy_Eyebrows", 0.1, {"Male": 1.8, "Female": -0.6}, excluded_by=("child",)),
    Chance("Brown_Eyes", 0.5),
    Chance("Pale_Skin", 0.12, {"Female": 0.4}),
    # Hair.
    Chance("Bald", 0.08, {"Middle_Aged": 1.2, "Senior": 2.0}, needs=("Male", "grown")),
    Chance(
        "Receding_Hairline",
        0.06,
        {"Male": 1.0, "Middle_Aged": 1.2, "Senior": 1.8},
        needs=("grown",),
        excluded_by=("Bald",),
    ),
    Choice(
        {
            "Black_Hair": (1.0, {"Senior": -1.5}),
            "Brown_Hair": (1.0, {"Senior": -1.5}),
            "Blond_Hair": (0.7, {"Female": 0.8, "Male": -0.5, "Senior": -1.5}),
            "Gray_Hair": (0.02, {"Middle_Aged": 3.5, "Senior": 5.0}),
            "red_hair": (0.4, {"Senior": -1.5}),
        },
        excluded_by=("Bald",),
    ),
    Choice(
        {
            "Straight_Hair": (1.0, {"Male": 0.4}),
            "Wavy_Hair": (0.8, {"Female": 0.9}),
            "plain_hair": (0.6, {"Male": 0.4}),
        },
        excluded_by=("Bald",),
    ),
    Chance("long_hair", 0.06, {"Female": 3.8, "Senior": -0.5}, excluded_by=("Bald",)),
)
"""What stays the same in all photographs of one person."""

PHOTOGRAPH: tuple[Row, ...] = (
    Chance("full_beard", 0.25, needs=("Male", "grown")),
    Chance("Goatee", 0.12, {"full_beard": 2.2}, needs=("Male", "grown")),
    Chance("Mustache", 0.12, {"full_beard": 2.0, "Goatee": 1.5}, needs=("Male", "grown")),
    Chance("Sideburns", 0.12, {"full_beard": 2.2}, needs=("Male", "grown")),
    Follows("No_Beard", ("full_beard", "Goatee", "Mustache", "Sideburns"), negated=True),
    Chance("5_o_Clock_Shadow", 0.3, needs=("Male", "grown"), excluded_by=("full_beard",)),
    # What is worn on and over the head.
    Chance("Bangs", 0.1, {"Female": 1.4, "child": 0.8}, excluded_by=("Bald", "Receding_Hairline")),
    Chance("Wearing_Hat", 0.1, {"Bald": 1.0}, excluded_by=("Receding_Hairline",)),
    Chance("side_parting", 0.25, {"Female": 0.5}, excluded_by=("Bald", "Receding_Hairline")),
    Follows("Obstructed_Forehead", ("Bangs", "Wearing_Hat")),
    Follows("Fully_Visible_Forehead", ("Bangs", "Wearing_Hat", "side_parting"), negated=True),
    Chance("Eyeglasses", 0.12, {"Middle_Aged": 0.6, "Senior": 1.3}, excluded_by=("age_0_2",)),
    Follows("No_Eyewear", ("Eyeglasses",), negated=True),
    Chance("Heavy_Makeup", 0.4, {"Senior": -0.8}, needs=("Female", "grown")),
    Chance(
        "Wearing_Lipstick",
        0.01,
        {"Female": 3.6, "Heavy_Makeup": 3.0},
        excluded_by=("child", "full_beard"),
    ),
    Chance("Rosy_Cheeks", 0.03, {"Heavy_Makeup": 3.2, "child": 2.2, "Female": 0.4}),
    Chance("Wearing_Earrings", 0.02, {"Female": 2.6, "Heavy_Makeup": 0.8}, excluded_by=("child",)),
    Chance("Wearing_Necklace", 0.02, {"Female": 2.4, "Wearing_Earrings": 1.0}),
    Chance(
        "Wearing_Necktie",
        0.12,
        {"Middle_Aged": 1.6, "Eyeglasses": 1.6, "Gray_Hair": 1.0},
        needs=("Male", "grown"),
        excluded_by=("Wearing_Necklace",),
    ),
    # What the face does.
    Choice(
        {
            "neutral": (1, {}),
            "happy": (1, {"Female": 0.2}),
            "sad": (1, {}),
            "surprise": (1, {}),
            "angry": (1, {"Male": 0.3}),
            "fear": (1, {}),
            "disgust": (1, {}),
        }
    ),
    Chance(
        "Smiling",
        0.08,
        {"happy": 6.5},
        excluded_by=("sad", "surprise", "angry", "fear", "disgust"),
    ),
    Chance(
        "Mouth_Slightly_Open",
        0.15,
        {"happy": 1.8, "fear": 2.2, "surprise": 5.5, "sad": -1.0, "angry": 0.5},
    ),
    Chance("Mouth_Closed", 0.95, excluded_by=("Mouth_Slightly_Open",)),
    Chance("Narrow_Eyes", 0.12, {"Smiling": 0.8}, excluded_by=("surprise", "fear", "age_0_2")),
    Chance("High_Cheekbones", 0.15, {"Smiling": 2.4, "Female": 0.6, "Chubby": -0.5}),
    Chance(
        "Bags_Under_Eyes",
        0.1,
        {"Male": 0.4, "Middle_Aged": 1.2, "Senior": 2.2, "Heavy_Makeup": -1.0},
        excluded_by=("child",),
    ),
    Chance("Shiny_Skin", 0.15, {"Bald": 1.5, "Chubby": 0.6}),
    Chance("Blurry", 0.09),
    # Nothing is drawn for this one: it can only be told from the others.
    Chance(
        "Attractive",
        0.12,
        {
            "Young": 2.0,
            "Heavy_Makeup": 1.8,
            "Oval_Face": 1.2,
            "Chubby": -2.5,
            "Eyeglasses": -1.5,
            "Bags_Under_Eyes": -1.2,
            "Double_Chin": -1.5,
            "Blurry": -1.5,
        },
    ),
)
"""What may differ between two photographs of one person."""

MODEL: tuple[Row, ...] = PERSON + PHOTOGRAPH

_CELEBRITIES = {"age_0_2": 0.02, "age_3_9": 0.05, "age_10_19": 0.4, "age_20_29": 2.5}
_CELEBRITIES |= {"age_30_39": 2.0, "age_60_69": 0.7, "age_70_plus": 0.6}
_POSED = {"happy": 4.0, "neutral": 4.0, "sad": 0.3, "angry": 0.3, "fear": 0.2, "disgust": 0.2}

RATES: dict[str, dict[str, float]] = {
    "celeba": _CELEBRITIES | _POSED | {"Female": 1.3, "surprise": 0.3},
    "maad": _CELEBRITIES | _POSED | {"Male": 1.4, "surprise": 0.4, "race7_White": 3.0},
    # FairFace is balanced in race, which is the model's own default.
    "fairface": {"age_0_2": 0.6, "age_20_29": 1.6, "age_30_39": 1.3, "age_70_plus": 0.6},
    "utkface": {"race7_White": 2.5, "race7_Black": 1.4, "race7_Indian": 1.2, "age_0_2": 1.2},
    "expw": _CELEBRITIES | {"neutral": 2.0, "happy": 1.8},
    "rafdb": {"happy": 1.6, "neutral": 1.3},
}
"""By data set: the share of a `Chance`, or the weight of an option, that differs from `MODEL`."""


@dataclass(frozen=True)
class Faces:
    """The truth about N drawn faces.

    Attributes:
        present: id of a characteristic or hidden cause to bool [N].
        years: age in years, int64 [N].
        identity: number of the person, int64 [N]; rows of one person stand together.
    """

    present: Mapping[str, np.ndarray]
    years: np.ndarray
    identity: np.ndarray

    def __len__(self) -> int:
        return len(self.years)

    def of(self, index: int) -> frozenset[str]:
        """Everything that is present in one face."""
        return frozenset(id_ for id_, present in self.present.items() if present[index])


def sample_faces(
    count: int,
    rng: np.random.Generator,
    rates: Mapping[str, float] | None = None,
    photographs_per_person: int = 1,
) -> Faces:
    """Sample the truth of `count` faces.

    Args:
        count: number of faces N.
        rng: source of chance.
        rates: shares and weights that differ from `MODEL`, e.g. an entry of `RATES`.
        photographs_per_person: consecutive faces that share all of `PERSON`.
    """
    rates = rates or {}
    identity = np.arange(count) // photographs_per_person
    people = int(identity[-1]) + 1
    persons = _sample(PERSON, {}, people, rng, rates)
    years = np.zeros(people, dtype=np.int64)
    for age, (first, last) in AGES.items():
        years = np.where(persons[age], rng.integers(first, last + 1, people), years)
    shared = {id_: present[identity] for id_, present in persons.items()}
    return Faces(_sample(PHOTOGRAPH, shared, count, rng, rates), years[identity], identity)


def _sample(
    rows: tuple[Row, ...],
    given: Mapping[str, np.ndarray],
    count: int,
    rng: np.random.Generator,
    rates: Mapping[str, float],
) -> dict[str, np.ndarray]:
    present = dict(given)

    def push(causes: Mapping[str, float]) -> np.ndarray:
        return sum((w * present[id_] for id_, w in causes.items()), np.zeros(count))

    def any_of(ids: tuple[str, ...]) -> np.ndarray:
        return np.any([np.zeros(count, bool), *(present[id_] for id_ in ids)], axis=0)

    for row in rows:
        if isinstance(row, Follows):
            present[row.id] = any_of(row.of) ^ row.negated
        elif isinstance(row, Chance):
            share = rates.get(row.id, row.share)
            odds = share / (1 - share) * np.exp(push(row.causes))
            drawn = rng.random(count) < odds / (1 + odds)
            needed = np.all([np.ones(count, bool), *(present[i] for i in row.needs)], axis=0)
            present[row.id] = drawn & needed & ~any_of(row.excluded_by)
        else:
            weights = np.stack(
                [
                    rates.get(id_, weight) * np.exp(push(causes))
                    for id_, (weight, causes) in row.options.items()
                ]
            )
            edges = np.cumsum(weights, axis=0)
            chosen = (rng.random(count) * edges[-1] >= edges).sum(axis=0)
            allowed = ~any_of(row.excluded_by)
            for number, id_ in enumerate(row.options):
                present[id_] = (chosen == number) & allowed
    return present
