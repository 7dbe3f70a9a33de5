"""Do explanations name the region that a drawn face shows a characteristic in?

The generator of drawn faces draws many characteristics in one region of the label map. Of the
models of a finished `make run`, on its test faces:

- whether that region is the one on which the characteristic hangs most, over all faces (the parts
  of `evaluation.regions`) and on single faces (the shares of `inference.explanation`);
- deletion curves: the probability of a characteristic that a model answers, as regions are erased
  in the order of their shares, beside a random order; on validation faces for both ways to erase.

    python experiments/explanations.py --data data --out docs/explanations.md

`--more DATA` shows the first of them of another run as well, whose models saw more faces. Nothing
is trained. On two cores it takes about five minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.metrics import roc_auc_score

from faceinsight import FaceInsight
from faceinsight.data.dataset import FaceDataset
from faceinsight.data.store import StoredCrops
from faceinsight.evaluation.regions import region_parts, told_apart
from faceinsight.inference.cropper import Crops
from faceinsight.inference.explanation import region_shares
from faceinsight.inference.regions import ERASURES, REGION_OF, REGIONS, Erasure, erase
from faceinsight.inference.split_scores import in_turn
from faceinsight.method.variants import COH, PAPER
from faceinsight.model.labels import log_odds, probabilities, taught
from faceinsight.reports.charts import variant_name
from page import table, write

_RACES = (
    *("Asian", "White", "Black"),
    *(f"race7_{name}" for name in ("White", "Black", "Latino_Hispanic", "East_Asian")),
    *(f"race7_{name}" for name in ("Southeast_Asian", "Indian", "Middle_Eastern")),
    *(f"race5_{name}" for name in ("White", "Black", "Asian", "Indian", "Others")),
)
SEEN_IN: dict[str, tuple[str, ...]] = {
    "eyeglasses": ("Eyeglasses",),
    "eyes": ("Narrow_Eyes", "Brown_Eyes"),
    "brows": ("Arched_Eyebrows", "Bushy_Eyebrows"),
    "nose": ("Big_Nose", "Pointy_Nose"),
    "mouth": ("Big_Lips", "Wearing_Lipstick", "Mouth_Slightly_Open", "Mouth_Closed", "Smiling"),
    "skin": (
        *("5_o_Clock_Shadow", "Goatee", "Mustache", "Sideburns", "No_Beard"),
        *("Bags_Under_Eyes", "High_Cheekbones", "Rosy_Cheeks", "Pale_Skin", "Shiny_Skin"),
        *("Oval_Face", "Round_Face", "Square_Face", "Chubby"),
    ),
    "hair": ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair", "Straight_Hair", "Wavy_Hair"),
    "hat": ("Wearing_Hat",),
    "neck": ("Double_Chin",),
    "earring": ("Wearing_Earrings",),
    "necklace": ("Wearing_Necklace",),
    "cloth": ("Wearing_Necktie",),
    "background": _RACES,
}
"""Region to what `data.drawn` draws in it and nowhere else. Left out is what several regions show
(expressions, age, gender, makeup, bangs and hairlines, which bound hair and skin), the absence of
something (Bald, No_Eyewear), the whole picture (Blurry) and nothing at all (Attractive). A drawn
beard is skin to a label map; race is a badge beside the head."""

REGION_OF_ONE = {id_: region for region, ids in SEEN_IN.items() for id_ in ids}

_BATCH = 256

FEWEST = 5
"""Faces with, and without, a characteristic that is counted."""

WELL = 0.8

ERASED = 5
"""Regions that are erased one after the other."""

_TRIED = """\
## What else was tried

What hangs on another region than its own is for the most part the model's doing. On the 248
validation faces, 16 characteristics that org and +corr tell apart hang elsewhere; for 14 of them
the area under the ROC curve falls further without the region that is named than without their own
(lipstick, +corr: 0.86, without mouth 0.82, without skin 0.67). Labels are drawn with correlations
like those of real ones, and a model may use them.

Other ways to erase and to count, on the same faces: of 48 characteristics over all faces, and of
single faces. None was better in both models, so none was taken.

| way | org | single faces | +corr | single faces |
|---|---|---|---|---|
| as it is | 30 | 50% | 38 | 59% |
| (a) one pixel more only into what takes a region's place | 31 | 50% | 37 | 60% |
| no pixel more | 31 | 50% | 37 | 60% |
| skin takes its own mean, as background does | 29 | 48% | 32 | 45% |
| as (a), what a region alone gains, all others erased | 34 | 51% | 32 | 42% |
| as (a), mean of what is lost and what is gained | 34 | 55% | 37 | 58% |
| as (a), Shapley values over six orders | 35 | 54% | 37 | 58% |

The last two need twice and six times the forward passes.

A model has never seen an erased face, so training was tried in which one region of an example,
drawn at random, is erased as explanations erase it (filled or blurred, either half of the time)
with a probability `erase`. Drawn validation faces, 48 characteristics, single trainings:

| variant, seed | erase | over all faces | of what is told apart | on single faces | mAP |
|---|---|---|---|---|---|
| +lgc, 0 | 0 | 36 | 29 of 38 | 54% | 63.1 |
| +lgc, 0 | 0.2 | 38 | 29 of 36 | 62% | 60.1 |
| +lgc, 0 | 0.4 | 35 | 25 of 34 | 55% | 58.6 |
| +coh, 0 | 0 | 38 | 36 of 44 | 67% | 69.4 |
| +coh, 0 | 0.2 | 39 | 37 of 43 | 68% | 70.2 |
| +coh, 0 | 0.4 | 35 | 32 of 41 | 62% | 66.1 |
| +coh, 1 | 0 | 35 | 34 of 43 | 62% | 68.7 |

With 0.2 one and two characteristics more have their own region first, and `+lgc` loses three points
of mAP; the seed alone makes a difference of three characteristics. That is no gain that one seed
shows, and 0.4 has fewer and a lower mAP in both; the augmentation was not kept. More seeds of
0.2 were not measured.""".splitlines()
"""Other ways, tried once by hand."""


class Found(NamedTuple):
    """Where the characteristics of one model hang.

    Attributes:
        first: id to the region with the largest part, of all that are counted.
        sure: ids of which faces with and without are told apart.
        well: those of which they are told apart well, by an area under the ROC curve of `WELL`.
        single: of faces that have a characteristic and of which the model says so, how often its
            own region comes first.
        pairs: how many such there are.
    """

    first: dict[str, str]
    sure: tuple[str, ...]
    well: tuple[str, ...]
    single: float
    pairs: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("data"), help="of a finished run")
    parser.add_argument("--more", type=Path, help="of a run on more drawn faces")
    parser.add_argument("--out", type=Path, help="the page")
    parser.add_argument("--faces", type=int, default=10_000, help="test faces, at most")
    parser.add_argument("--curves", type=int, default=200, help="faces of deletion curves, at most")
    args = parser.parse_args()
    variants = trained_in(args.data)
    more = [] if args.more is None else more_faces(args.data, args.more, args.faces)
    found: dict[tuple[str, Erasure], Found] = {}
    curves: dict[tuple[str, str, str, Erasure], np.ndarray] = {}
    counts: dict[str, int] = {}
    for name in reversed(variants):  # the last are those that are used; a page after each
        folder = args.data / "06_models" / name
        model = FaceInsight.from_pretrained(folder, faces="whole", batch_size=_BATCH)
        for split, limit in (("val", args.curves), ("test", args.faces)):
            crops, labels = faces_of(args.data, model, split, limit)
            counts[split] = len(crops)
            shares: dict[str, np.ndarray] = {}
            for method in ERASURES if split == "val" else ERASURES[:1]:
                z, shares[method] = region_shares(model, crops, method)
                if split == "test":
                    found[name, method] = where(model, z, shares[method], labels)
            few = range(min(args.curves, len(crops)))
            for key, curve in deletions(model, crops.take(few), z[few], shares).items():
                curves[name, split, *key] = curve
        done = [one for one in variants if (one, ERASURES[0]) in found]
        write(render(done, found, curves, counts, more), args.out)


def trained_in(data: Path) -> list[str]:
    """The variants that a run has trained."""
    names = [variant.name for variant in (*PAPER, COH)]
    return [name for name in names if (data / "06_models" / name).is_dir()]


def more_faces(data: Path, more: Path, limit: int) -> list[str]:
    """A section: the first table of a run whose models were trained on more faces."""
    variants, method = trained_in(more), ERASURES[0]
    found, n = {}, 0
    for name in variants:
        folder = more / "06_models" / name
        model = FaceInsight.from_pretrained(folder, faces="whole", batch_size=_BATCH)
        crops, labels = faces_of(more, model, "test", limit)
        n = len(crops)
        z, shares = region_shares(model, crops, method)
        found[name, method] = where(model, z, shares, labels)
    taught = [
        len(FaceDataset(stored(of), model.vocabulary, "train", with_maps=True))
        for of in (data, more)
    ]
    return [
        "## With more drawn faces",
        "",
        f"The same of a run whose models were trained on {taught[1]:,} faces in place of "
        f"{taught[0]:,} (`--params drawing.faces=1600`), on {n:,} test faces.",
        "",
        *_first_table(variants, found),
        "",
    ]


def stored(data: Path) -> dict[str, StoredCrops]:
    """The newest crops of each data set."""
    return {
        of.name: StoredCrops.open(max((of / "crops").iterdir()) / "crops")
        for of in sorted((data / "03_primary").iterdir())
        if (of / "crops").is_dir()
    }


def faces_of(data: Path, model: FaceInsight, split: str, limit: int) -> tuple[Crops, np.ndarray]:
    """Faces of a split with their maps, and their labels [N, K]; -1 for what was not taught."""
    faces = FaceDataset(stored(data), model.vocabulary, split, with_maps=True)
    batch = faces.__getitems__(in_turn(faces, limit))
    crops = Crops.of_arrays(batch["photographs"].numpy(), batch["maps"].numpy())
    return crops, np.where(taught(model.network), batch["labels"].numpy(), -1)


def where(model: FaceInsight, z: np.ndarray, shares: np.ndarray, labels: np.ndarray) -> Found:
    """On which region each characteristic hangs that is drawn in one; see `Found`."""
    parts, names, index = region_parts(shares, labels), list(REGIONS), model.vocabulary.index
    odds = log_odds(model.network, z)
    first, sure, well, right = {}, [], [], []
    for id_, region in REGION_OF_ONE.items():
        column = index[id_]
        label = labels[:, column]
        if min((label == 1).sum(), (label == 0).sum()) < FEWEST:
            continue
        first[id_] = names[int(parts[:, column].argmax())]
        if told_apart(odds[:, column], label)[1]:
            sure.append(id_)
            if roc_auc_score(label[label >= 0], odds[label >= 0, column]) >= WELL:
                well.append(id_)
        seen = (label == 1) & (odds[:, column] > 0)
        own = np.nan_to_num(shares[seen, :, column], nan=-np.inf).argmax(axis=1)
        right += (own == names.index(region)).tolist()
    return Found(first, tuple(sure), tuple(well), float(np.mean(right)), len(right))


def deletions(
    model: FaceInsight,
    crops: Crops,
    z: np.ndarray,
    shares: Mapping[str, np.ndarray],
    seed: int = 0,
) -> dict[tuple[str, Erasure], np.ndarray]:
    """Mean probability as 0, 1, ... `ERASED` regions are erased, of one characteristic a face.

    Of what a model answers present one is drawn at random for each face.

    Args:
        model: is asked.
        crops: N faces.
        z: [N, K], their energies.
        shares: method to [N, R, K]: the orders that are compared, beside a random one.
        seed: of what is drawn.

    Returns:
        (order, how it is erased) to [`ERASED` + 1]; every order by each method of `ERASURES`.
    """
    rng = np.random.default_rng(seed)
    p = probabilities(model.network, z)
    pairs = [
        (row, int(rng.choice(there)))
        for row, there in enumerate(np.flatnonzero(of >= 0.5) for of in np.nan_to_num(p))
        if len(there)
    ]

    def orders(row: int, column: int) -> Iterator[tuple[str, list[int]]]:
        assert crops.maps is not None
        there = np.unique(REGION_OF[crops.maps[row]]).astype(int)
        for method, of in shares.items():
            yield method, there[np.argsort(-of[row, there, column], kind="stable")].tolist()
        yield "random", rng.permutation(there).tolist()

    asked = [(row, column, order) for row, column in pairs for order in orders(row, column)]
    curves = {}
    for how in ERASURES:
        copies = [
            erase(crops.pixels[row], crops.maps[row], regions[:n], how)  # type: ignore[index]
            for row, _, (_, regions) in asked
            for n in range(1, ERASED + 1)
        ]
        pixels, maps = (np.stack(part) for part in zip(*copies, strict=True))
        after = probabilities(model.network, model.score(Crops.of_arrays(pixels, maps)))
        after = after.reshape(len(asked), ERASED, -1)
        for name in (*shares, "random"):
            curve = [
                [p[row, column], *after[number, :, column]]
                for number, (row, column, (order, _)) in enumerate(asked)
                if order == name
            ]
            curves[name, how] = np.mean(curve, axis=0)
    return curves


def render(
    variants: list[str],
    found: Mapping[tuple[str, Erasure], Found],
    curves: Mapping[tuple[str, str, str, Erasure], np.ndarray],
    counts: Mapping[str, int],
    more: Sequence[str] = (),
) -> list[str]:
    """The result as lines of Markdown."""
    method = ERASURES[0]
    lines = [
        "# Explanations on drawn faces",
        "",
        f"{len(REGION_OF_ONE)} characteristics are drawn in one region of the label map and nowhere"
        f" else. Whether explanations name it was measured on {counts['test']:,} test faces of one "
        "`make run`, one model a variant, trained on exact maps, by `experiments/explanations.py`. "
        f"Counted are those that at least {FEWEST} of these faces have, and {FEWEST} have not. "
        "Where photographs have no label map, regions are [areas of the box](areas.md).",
        "",
        "## Is the region in which it is drawn the first?",
        "",
        "Over all faces: the region with the largest part of the gap in log-odds between faces with"
        " and without (what the report shows). “Told apart”: characteristics of which that gap is "
        "more than two standard errors; what a model has not learnt hangs on nothing. “Told well”: "
        f"those of them with an area under the ROC curve of {WELL} or more. On single faces: of "
        "the faces that have a characteristic and of which the model says so, how often its region "
        "has the largest share (what `explain` shows).",
        "",
        *_first_table(variants, found),
        "",
        "What is told apart, and hangs most on another region than its own:",
        "",
        *table(
            ["variant", "characteristic: first region (its own)"],
            [
                [
                    variant_name(name),
                    "; ".join(
                        f"{id_}: {found[name, method].first[id_]} ({REGION_OF_ONE[id_]})"
                        for id_ in found[name, method].sure
                        if found[name, method].first[id_] != REGION_OF_ONE[id_]
                    )
                    or "none",
                ]
                for name in variants
            ],
        ),
        "",
        *more,
        *_TRIED,
        "",
        "## Deletion curves",
        "",
        "Mean probability of a characteristic that the model answers, one drawn at random for each "
        f"face, as regions are erased ({method}) in the order of their shares, the one that speaks "
        "most for it first, and in a random order. Test faces.",
        "",
        *_curve_table(variants, curves, "test", [(method, method), ("random", method)]),
        "",
        "## How regions are erased",
        "",
        "Validation faces: the same probability, in orders by either method, erased by either "
        f"method; means over variants, regions 1 to {ERASED}, per cent; the lower, the better the "
        "order. A blur leaves the colour of what is large, such as hair, as it was, and so `fill` "
        "is the default.",
        "",
        *table(
            ["order by", *(f"erased by {how}" for how in ERASURES)],
            [
                [
                    order,
                    *(
                        f"{100 * np.mean([curves[n, 'val', order, how][1:] for n in variants]):.1f}"
                        for how in ERASURES
                    ),
                ]
                for order in (*ERASURES, "random")
            ],
        ),
    ]
    return lines


def _first_table(variants: list[str], found: Mapping[tuple[str, Erasure], Found]) -> list[str]:
    def row(name: str, of: Found) -> list[str]:
        right = {id_ for id_, region in of.first.items() if region == REGION_OF_ONE[id_]}
        shares = []
        for among in (of.first, of.sure, of.well):
            n = len(right & {*among})
            shares.append(f"{n} of {len(among)} ({n / len(among):.0%})" if among else "–")
        return [variant_name(name), *shares, f"{of.single:.0%}", f"{of.pairs:,}"]

    counted = ["over all faces", "of what is told apart", "of what is told well"]
    return table(
        ["variant", *counted, "on single faces", "pairs"],
        [row(name, found[name, ERASURES[0]]) for name in variants],
    )


def _curve_table(
    variants: list[str],
    curves: Mapping[tuple[str, str, str, Erasure], np.ndarray],
    split: str,
    shown: list[tuple[str, Erasure]],
) -> list[str]:
    return table(
        ["variant", "order", *(f"{n} erased" for n in range(ERASED + 1))],
        [
            [
                variant_name(name),
                "random" if order == "random" else "by share",
                *(f"{100 * p:.0f} %" for p in curves[name, split, order, how]),
            ]
            for name in variants
            for order, how in shown
        ],
    )


if __name__ == "__main__":
    main()
