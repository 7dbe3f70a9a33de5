"""Why does the prior not help, once more: features that stay as they are, and an energy of pairs.

Two things that the ablation left open:

- **Frozen random features.** `small` and `base` learn T^0, so a graph over it may tell the model
  nothing that T^0 could not learn by itself. Here T^0 is random and stays so, with and without the
  graph (`seg` and `corr`), beside the two that learn it.
- **An energy between characteristics.** In the coherent layer the prior has another place: beside
  a . z the energy of an assignment a gets sum_ij w_ij a_i a_j over pairs of a component, and w
  starts at log p(y_i, y_j) / p(y_i) p(y_j), counted in training labels. It is fitted to the
  energies z of trained +coh models, on the validation faces that training does not stop on: what z
  could learn beside it is not seen. Beside it stand the same fit without w, so that a gain is not
  that of another bias, and one in which w starts at 0, so that it is not that of any pairs at all.

    python experiments/prior.py --env=small --folder /tmp/prior --out docs/prior.md

A run that was stopped goes on where it was; with the folder of `coherent.py` its models are taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from coherent import likelihoods
from faceinsight.data.dataset import in_fold
from faceinsight.data.registry import DATA_SETS
from faceinsight.evaluation.paired import MAP, MEAN_ACCURACY, PairedRuns
from faceinsight.evaluation.settings import EvaluationSettings
from faceinsight.method.characteristics import Vocabulary
from faceinsight.method.coherent import CoherentLayer
from faceinsight.method.prior import count
from faceinsight.method.variants import COH, LABELS
from faceinsight.training.job import TrainingJob
from faceinsight.training.settings import TrainingSettings
from page import INTERVALS, difference_cells, over_seeds, spread, table, write
from runner import Arm, Project, device_name, given_by, parser_of, run_arms

WIDTHS = (0.1, 0.3, 1.0, 3.0)
"""Standard deviations of the normal prior around where w starts; chosen within the fitted faces."""

_PARTS = 4
"""Of the faces that are fitted on: each is left out once to choose a width."""


def frozen(job: TrainingJob, seed: int, folder: Path) -> TrainingJob:
    """T^0 random, as it starts where it is learnt, and not trained; the same for all seeds."""
    width = job.model.text_encoder.width
    assert width is not None
    shape = len(job.vocabulary), width
    features = np.random.default_rng(0).standard_normal(shape) / width**0.5
    encoder = job.model.text_encoder.model_copy(update={"width": None, "pretrained": "random"})
    model = job.model.model_copy(update={"text_encoder": encoder})
    return replace(job, model=model, text_features=features.astype(np.float32))


ARMS = [
    Arm("seg", "seg", "+seg"),
    Arm("corr", "corr", "+corr"),
    Arm("seg-frozen", "seg", "+seg, T^0 random and frozen", frozen),
    Arm("corr-frozen", "corr", "+corr, T^0 random and frozen", frozen),
]

FITS = {
    "temperature": "temperature alone",
    "bias": "and a bias a characteristic",
    "zero": "and w of pairs, from 0",
    "scaled": "and w of pairs, the prior times a factor a component",
    "prior": "and w of pairs, from the prior",
}
"""What is fitted beside z, and its title."""


def main() -> None:
    parser = parser_of(__doc__, env="small")
    parser.add_argument("--resamples", type=int, default=1000, help="of the bootstrap")
    args = parser.parse_args()
    raw, more = given_by(args)
    project = Project(args.env, args.folder.resolve() / "data", (*raw, *more))
    runs = run_arms(project, ARMS, args.seeds)
    coh = [Arm(COH.name, COH.name, LABELS[COH.name])]
    test = run_arms(project, coh, args.seeds)
    validation = run_arms(project, coh, args.seeds, "val")
    vocabulary, rule_set, training = project.load("vocabulary", "rule_set", "params:training")
    examples = project.load(*(f"{name}.examples" for name in DATA_SETS))
    (first, *_) = test.tables[COH.name]
    learnt = [id_ for id_ in vocabulary.ids if first[f"p_{id_}"].notna().any()]
    layer = CoherentLayer.from_rules(rule_set, vocabulary.groups, learnt)
    energies = PairEnergies(layer, vocabulary.ids, log_ratios(examples, vocabulary))
    settings = EvaluationSettings(n_resamples=args.resamples)
    device = TrainingSettings.model_validate(training).device
    lines = [
        "# The prior, once more",
        "",
        f"Made by `experiments/prior.py`, which writes it anew. Environment `{args.env}`, "
        f"{device_name(device)}; code and configuration of {runs.commit}. Per cent of "
        f"{len(first):,} test faces; {args.seeds} seeds.",
        "",
        *graph_lines(PairedRuns(runs.tables, vocabulary, settings)),
    ]
    fitted: dict[str, list[pd.DataFrame]] = {name: [] for name in FITS}
    said = []
    for seen, held in zip(validation.tables[COH.name], test.tables[COH.name], strict=True):
        fold = seen[in_fold(seen["photograph"], "calibration")]
        for name in FITS:
            energies.fit(name, fold)
            fitted[name].append(energies.predictions(held))
            said.append((name, energies.width, energies.largest))
    write([*lines, *energy_lines(fitted, vocabulary, settings, said)], args.out)


def log_ratios(examples: Sequence[pd.DataFrame], vocabulary: Vocabulary) -> NDArray[np.float64]:
    """log p(y_i, y_j) / p(y_i) p(y_j) over training faces in which both are labelled, [K, K].

    One face is added to how many have both, and to how many would if neither knew of the other: so
    little data says little. 0 where no face is labelled for both.
    """
    labels = [
        table.loc[table["split"] == "train"]
        .reindex(columns=list(vocabulary.ids))
        .to_numpy(dtype=np.float64, na_value=-1)
        .astype(np.int8)
        for table in examples
    ]
    counts = count([of for of in labels if len(of)])
    expected = counts.given * (counts.given.T / counts.labelled.clip(1))
    return np.log((counts.pairs + 1) / (expected + 1))


@dataclass
class _Part:
    """A component: columns [k], rows [F, k], pairs within each row [F, P], where w starts [P]."""

    columns: list[int]
    rows: Tensor
    pairs: Tensor
    start: Tensor


class PairEnergies:
    """P(a) = exp(a . (z / T + b) + sum_ij w_ij a_i a_j) / sum over rows, a component at a time.

    Attributes:
        width: the standard deviation of the normal prior on w that was chosen last.
        largest: the largest change of w from where it started.
    """

    def __init__(
        self, layer: CoherentLayer, ids: Sequence[str], ratios: NDArray[np.float64]
    ) -> None:
        """Over what a layer was taught; pairs are those that some rows have both of, not all."""
        self._parts, self._ids = [], list(ids)
        self.width = self.largest = 0.0
        for columns, assignments in layer.assignments:
            rows = assignments.double()
            pairs = [
                (i, j)
                for i, j in combinations(range(len(columns)), 2)
                if 0 < float((rows[:, i] * rows[:, j]).mean()) < 1
            ]
            left, right = [i for i, _ in pairs], [j for _, j in pairs]
            start = torch.tensor([ratios[columns[i], columns[j]] for i, j in pairs])
            both = rows[:, left] * rows[:, right]
            self._parts.append(_Part(list(columns), rows, both, start.double()))

    def fit(self, name: str, seen: pd.DataFrame) -> None:
        """Fit what `FITS` names by the cross-entropy of marginals over known labels."""
        z, y = self._read(seen)
        place = torch.from_numpy(pd.factorize(seen["photograph"])[0] % _PARTS)
        if name in ("zero", "prior"):
            losses = []
            for width in WIDTHS:
                lost = 0.0
                for part in range(_PARTS):
                    out = place == part
                    self._fit(name, z[~out], y[~out], width)
                    lost += float(self._loss(z[out], y[out]).detach())
                losses.append(lost)
            self.width = WIDTHS[int(np.argmin(losses))]
        else:
            self.width = 0.0
        self._fit(name, z, y, self.width)

    def predictions(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table with marginals and labels of what was fitted; others stay as they are."""
        z, _ = self._read(table)
        with torch.no_grad():
            found = self._marginals(z)
        changed = table.copy()
        for part, p in zip(self._parts, found, strict=True):
            taught = [self._ids[column] for column in part.columns]
            best = ((2 * p - 1) @ part.rows.T).argmax(1)
            changed[[f"p_{id_}" for id_ in taught]] = p.float().numpy()
            changed[[f"d_{id_}" for id_ in taught]] = part.rows[best].to(torch.int8).numpy()
        return changed

    def _read(self, table: pd.DataFrame) -> tuple[Tensor, Tensor]:
        z = table[[f"z_{id_}" for id_ in self._ids]].to_numpy(dtype=np.float64)
        y = table[[f"y_{id_}" for id_ in self._ids]].to_numpy(dtype=np.float64, na_value=-1)
        return torch.tensor(z), torch.tensor(y)

    def _fit(self, name: str, z: Tensor, y: Tensor, width: float) -> None:
        self._log_t = [torch.zeros((), dtype=z.dtype) for _ in self._parts]
        self._bias = [torch.zeros(len(part.columns), dtype=z.dtype) for part in self._parts]
        self._factor = [torch.zeros((), dtype=z.dtype) for _ in self._parts]
        self._w = [
            part.start.clone() if name == "prior" else torch.zeros_like(part.start)
            for part in self._parts
        ]
        starts = [w.clone() for w in self._w]
        trained = [*self._log_t]
        trained += self._bias if name != "temperature" else []
        trained += self._factor if name == "scaled" else []
        trained += self._w if name in ("zero", "prior") else []
        for of in trained:
            of.requires_grad_()
        optimiser = torch.optim.LBFGS(trained, max_iter=200, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            optimiser.zero_grad()
            away = sum(((w - s) ** 2).sum() for w, s in zip(self._w, starts, strict=True))
            penalty = away / (2 * width**2) if width else 0.0
            penalty = penalty + sum((of**2).sum() for of in (*self._log_t, *self._bias)) / 2
            loss = self._loss(z, y) + penalty
            loss.backward()
            return loss

        optimiser.step(closure)
        changes = [(w - s).abs() for w, s in zip(self._w, starts, strict=True)]
        self.largest = max((float(of.detach().max()) for of in changes if of.numel()), default=0.0)

    def _marginals(self, z: Tensor) -> list[Tensor]:
        found = []
        for number, part in enumerate(self._parts):
            scaled = z[:, part.columns] / self._log_t[number].exp() + self._bias[number]
            w = self._w[number] + self._factor[number] * part.start
            found.append((scaled @ part.rows.T + part.pairs @ w).softmax(1) @ part.rows)
        return found

    def _loss(self, z: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy of marginals, summed over known labels of all components."""
        total = z.new_zeros(())
        for part, p in zip(self._parts, self._marginals(z), strict=True):
            known = y[:, part.columns] >= 0
            truth = y[:, part.columns].clamp_min(0)
            each = functional.binary_cross_entropy(p.clamp(0, 1), truth, reduction="none")
            total = total + (each * known).sum()
        return total


def graph_lines(runs: PairedRuns) -> list[str]:
    """What the graph brings to features that are learnt, and to ones that are not."""
    titles = {arm.name: arm.title for arm in ARMS}
    pairs = [("seg", "corr"), ("seg-frozen", "corr-frozen"), ("seg", "seg-frozen")]
    more = [
        over_seeds(
            runs.by_seed("corr-frozen", key)
            - runs.by_seed("seg-frozen", key)
            - (runs.by_seed("corr", key) - runs.by_seed("seg", key))
        )
        for key in (MAP, MEAN_ACCURACY)
    ]
    return [
        "## Text features that stay random",
        "",
        *table(
            ["variant", "mAP", "mean accuracy"],
            [
                [titles[n], *(spread(runs.by_seed(n, key)) for key in (MAP, MEAN_ACCURACY))]
                for n in titles
            ],
        ),
        "",
        f"In points. {INTERVALS}.",
        "",
        *table(
            CHANGE,
            [changes(runs, titles, before, after) for before, after in pairs],
        ),
        "",
        "What the graph brings to frozen features beyond what it brings to learnt ones, mean and t "
        f"over seeds: mAP {more[0]}, mean accuracy {more[1]}. The frozen features are one draw.",
    ]


CHANGE = ["from", "to", "mAP", "t over seeds", "mean accuracy", "t over seeds"]


def changes(runs: PairedRuns, titles: Mapping[str, str], before: str, after: str) -> list[str]:
    """A row under `CHANGE`."""
    gaps = [runs.difference(before, after, key) for key in (MAP, MEAN_ACCURACY)]
    return [
        titles[before],
        titles[after],
        *(cell for gap in gaps for cell in difference_cells(gap)),
    ]


def energy_lines(
    tables: Mapping[str, list[pd.DataFrame]],
    vocabulary: Vocabulary,
    settings: EvaluationSettings,
    said: Sequence[tuple[str, float, float]],
) -> list[str]:
    """What an energy of pairs brings to trained +coh models."""
    runs = PairedRuns(tables, vocabulary, settings)
    nll = {n: np.array([likelihoods(of, of)[0] for of in each]) for n, each in tables.items()}
    widths = {n: ", ".join(f"{w:g}" for name, w, _ in said if name == n) for n in FITS}
    moved = {n: ", ".join(f"{m:.1f}" for name, _, m in said if name == n) for n in FITS}
    contrasts = [("bias", "zero"), ("bias", "scaled"), ("bias", "prior"), ("zero", "prior")]
    return [
        "",
        "## An energy of pairs in the coherent layer",
        "",
        "Fitted beside the energies of the trained +coh models, a row more than the ones above it. "
        "Width: of the normal prior on w around its start, one a seed, chosen among "
        f"{', '.join(f'{width:g}' for width in WIDTHS)} by leaving out a quarter of the fitted "
        "faces in turn; moved: the largest change of w from its start.",
        "",
        *table(
            ["fitted", "width", "moved", "mAP", "mean accuracy", "NLL"],
            [
                [
                    title,
                    widths[name] if name in ("zero", "prior") else "",
                    moved[name] if name in ("zero", "prior") else "",
                    spread(runs.by_seed(name, MAP)),
                    spread(runs.by_seed(name, MEAN_ACCURACY)),
                    spread(nll[name] / 100, 4),
                ]
                for name, title in FITS.items()
            ],
        ),
        "",
        *table(
            [*CHANGE, "NLL"],
            [
                [
                    *changes(runs, FITS, before, after),
                    over_seeds((nll[after] - nll[before]) / 100, 4),
                ]
                for before, after in contrasts
            ],
        ),
    ]


if __name__ == "__main__":
    main()
