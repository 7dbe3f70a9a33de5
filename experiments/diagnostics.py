"""Why do the parts of the method help, or not? What trained models say of themselves.

For trained models (one a seed, of variant lgc or corr) and the crops they were trained on:

- what the image's and the label map's tokens carry: test mAP when they are those of another face;
- whether the graph network smooths the characteristics' features until they are alike;
- how much the order of the characteristics matters to a model in which each sees those before it;
- how strongly the losses of Eq. 3 and Eq. 9 pull, and whether against each other;
- what the prior is at other thresholds tau and lift.

    python experiments/diagnostics.py --out docs/ablation_diagnostics.md \\
        --model DATA/06_models/lgc/model/*/model --crops DATA/03_primary/celeba/crops

Minutes on one core. Means over the models, with the standard deviation between them.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import Tensor

from faceinsight.data.dataset import FaceDataset
from faceinsight.data.store import StoredCrops
from faceinsight.errors import ParameterError
from faceinsight.method.losses import masked_bce
from faceinsight.method.prior import correlation_prior, count
from faceinsight.model.modeling import FaceInsightModel
from faceinsight.model.saving import PROVENANCE
from page import spread, table, write

TAUS, LIFTS = (0.2, 0.4, 0.6, 0.8), (None, 1.2, 1.5, 2.0)
PARTS = (
    "image_encoder",
    "image_adapter",
    "segmentation_encoder",
    "segmentation_adapter",
    "text_features",
    "gcn",
    "text_adapter",
    "language_model",
)
Section = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, nargs="+", required=True, help="one a seed")
    parser.add_argument("--crops", type=Path, nargs="+", required=True, help="one a data set")
    parser.add_argument("--faces", type=int, default=2000, help="most test faces that are scored")
    parser.add_argument("--batch", type=int, default=256, help="training faces for the gradients")
    parser.add_argument("--shuffles", type=int, default=5)
    parser.add_argument("--out", type=Path, help="a Markdown file for the result")
    args = parser.parse_args()
    opened = [StoredCrops.open(newest(folder, "crops.json")) for folder in args.crops]
    crops = {of.dataset: of for of in opened}
    of_models = [
        diagnose(newest(folder, "config.json"), crops, args.faces, args.batch, args.shuffles)
        for folder in args.model
    ]
    prior = prior_table(newest(args.model[0], "config.json"), crops)
    write(render(of_models, args, prior), args.out)


def newest(folder: Path, marker: str) -> Path:
    """The folder itself, or the newest version in it: the one that holds the file `marker`."""
    if (folder / marker).exists():
        return folder
    versions = sorted(folder.glob(f"*/*/{marker}"))
    if not versions:
        raise ParameterError(f"{folder} holds no {marker}, nor does any version in it; name one")
    return versions[-1].parent


def made_of(folders: Iterable[Path]) -> str:
    """Variants and commits of models, by their provenance."""
    found = set()
    for folder in folders:
        about = json.loads((newest(folder, PROVENANCE).joinpath(PROVENANCE)).read_text("utf-8"))
        found.add(f"variant {about['variant']['name']}, commit {str(about['commit'])[:10]}")
    return "; ".join(sorted(found))


def diagnose(
    model_folder: Path, crops: dict[str, StoredCrops], faces: int, batch: int, shuffles: int
) -> dict[str, Section]:
    """Title of a section to its rows."""
    model = FaceInsightModel.from_pretrained(model_folder)
    maps = model.config.segmentation
    test = FaceDataset(crops, model.vocabulary, "test", maps)
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permutation(len(test))[:faces])
    some = test.__getitems__(rows.tolist())
    known = torch.from_numpy((test.labels >= 0).any(axis=0))
    train = FaceDataset(crops, model.vocabulary, "train", maps)
    seen = train.__getitems__(rng.permutation(len(train))[:batch].tolist())
    sections = {
        "What the tokens carry (test mAP, per cent)": tokens(model, some, shuffles),
        "The order of the characteristics": order(model, some, shuffles),
        "The losses on a batch of training faces": losses(model, seen),
    }
    if model.config.correlation:
        sections["The graph network (annotated characteristics)"] = smoothing(model, some, known)
    return sections


@torch.inference_mode()
def logits_of(
    model: FaceInsightModel, photographs: Tensor, maps: Tensor | None, order: Tensor | None = None
) -> Tensor:
    """Logits [N, K] of faces, in batches."""
    parts = []
    for start in range(0, len(photographs), 256):
        at = slice(start, start + 256)
        some_maps = None if maps is None else maps[at]
        parts.append(model(photographs[at], some_maps, order=order).logits)
    return torch.cat(parts)


def mean_ap(logits: Tensor, labels: Tensor) -> float:
    """Mean over characteristics with a positive and a negative face, in per cent."""
    values = []
    for scores, truth in zip(logits.numpy().T, labels.numpy().T, strict=True):
        known = truth >= 0
        if len(np.unique(truth[known])) == 2:
            values.append(average_precision_score(truth[known], scores[known]))
    return 100 * float(np.mean(values))


def tokens(model: FaceInsightModel, faces: dict[str, Tensor], shuffles: int) -> Section:
    """mAP with everything in place, and with another face's photograph, map or both."""
    photographs, maps, labels = faces["photographs"], faces.get("maps"), faces["labels"]
    found = {"as they are": mean_ap(logits_of(model, photographs, maps), labels)}
    generator = torch.Generator().manual_seed(0)
    others = [other_faces(len(labels), generator) for _ in range(shuffles)]

    def mean_over(values: Iterable[Tensor]) -> float:
        return float(np.mean([mean_ap(value, labels) for value in values]))

    if maps is not None:
        found["label maps of other faces"] = mean_over(
            logits_of(model, photographs, maps[other]) for other in others
        )
    found["photographs of other faces"] = mean_over(
        logits_of(model, photographs[other], maps) for other in others
    )
    if maps is not None:
        found["both of the same other face"] = mean_over(
            logits_of(model, photographs[other], maps[other]) for other in others
        )
    return found


def other_faces(n: int, generator: torch.Generator) -> Tensor:
    """For each of n faces another one, each once: int64 [n]."""
    cycle = torch.randperm(n, generator=generator)
    other = torch.empty_like(cycle)
    other[cycle] = cycle.roll(1)
    return other


def order(model: FaceInsightModel, faces: dict[str, Tensor], shuffles: int) -> Section:
    """What changes when the characteristics stand in another order than in training."""
    photographs, maps, labels = faces["photographs"], faces.get("maps"), faces["labels"]
    own = logits_of(model, photographs, maps)
    generator = torch.Generator().manual_seed(1)
    size = len(model.config.characteristics)
    orders = [torch.randperm(size, generator=generator) for _ in range(shuffles)]
    others = [logits_of(model, photographs, maps, order) for order in orders]
    change = torch.stack([(own.sigmoid() - other.sigmoid()).abs() for other in others])
    flipped = torch.stack([(own >= 0) != (other >= 0) for other in others])
    found = {
        "mAP in the order of training": mean_ap(own, labels),
        "mAP in random orders": float(np.mean([mean_ap(other, labels) for other in others])),
        "mean change of a probability": change.mean().item(),
        "largest change of a probability": change.max().item(),
        "answers changed, per cent": 100 * flipped.float().mean().item(),
    }
    return found


def losses(model: FaceInsightModel, faces: dict[str, Tensor]) -> Section:
    """Sizes of Eq. 3 and of the weighted Eq. 9, and of their gradients."""
    logits = model(faces["photographs"], faces.get("maps")).logits
    bce = masked_bce(logits, faces["labels"])
    found = {"Eq. 3, nats an image": bce.item()}
    trained: list[Tensor] = [p for p in model.parameters() if p.requires_grad]
    pull = gradient(bce, trained)
    found["gradient of Eq. 3, norm"] = norm(pull.values())
    if not model.config.logic or model.logical_loss is None:
        return found
    logic = model.logical_loss(logits)
    weighted = gradient(model.config.logic_weight * logic, trained)
    dot = sum((a * weighted[p]).sum().item() for p, a in pull.items())
    found |= {
        "Eq. 9, expected broken rules an image": logic.item(),
        "weight of Eq. 9": model.config.logic_weight,
        "gradient of the weighted Eq. 9, norm": norm(weighted.values()),
        "cosine of the two gradients": dot / (norm(pull.values()) * norm(weighted.values())),
    }
    for part in PARTS:
        mine = [p for name, p in model.named_parameters() if name.split(".")[0] == part]
        if mine := [p for p in mine if p in pull]:
            ratio = norm(weighted[p] for p in mine) / norm(pull[p] for p in mine)
            found[f"Eq. 9 over Eq. 3, norms of gradients of {part}"] = ratio
    return found


def gradient(loss: Tensor, parameters: list[Tensor]) -> dict[Tensor, Tensor]:
    """Gradient of a loss by parameter; zero where it has none."""
    found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    return {
        p: torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)
    }


def norm(gradients: Iterable[Tensor]) -> float:
    return sum(g.square().sum().item() for g in gradients) ** 0.5


def smoothing(model: FaceInsightModel, faces: dict[str, Tensor], known: Tensor) -> Section:
    """How alike the characteristics' features are before and after the graph network."""
    with torch.inference_mode():
        before = model.text_features
        after = model.gcn(before)
        heard = torch.zeros_like(before)
        source, listener = model.gcn.edge_index
        heard.index_add_(0, listener, before[source] * model.gcn.edge_weight[:, None])
        stages = {"T^0": before, "C_hat T^0": heard, "T^L": after - before, "T_hat": after}
        stages["tokens A(T_hat)"] = model.text_adapter(after)
        found = {f"mean cosine of pairs, {n}": alike(s[known]) for n, s in stages.items()}
        grown = (after - before)[known].norm(dim=1) / before[known].norm(dim=1)
        found["length of T^L over that of T^0"] = grown.mean().item()
    photographs, maps, labels = faces["photographs"], faces.get("maps"), faces["labels"]
    found["test mAP"] = mean_ap(logits_of(model, photographs, maps), labels)
    model.config.variant["correlation"] = False
    found["test mAP with T^0 in place of T_hat"] = mean_ap(
        logits_of(model, photographs, maps), labels
    )
    model.config.variant["correlation"] = True
    return found


def alike(rows: Tensor) -> float:
    """Mean cosine of all pairs of different rows."""
    unit = torch.nn.functional.normalize(rows.double(), dim=1)
    n = len(unit)
    return ((unit.sum(0).square().sum() - n) / (n * (n - 1))).item()


def prior_table(model_folder: Path, crops: dict[str, StoredCrops]) -> list[str]:
    """The graph at other thresholds, counted from the training labels."""
    model = FaceInsightModel.from_pretrained(model_folder)
    train = FaceDataset(crops, model.vocabulary, "train", False)
    known = (train.labels >= 0).any(axis=0)
    ids, counts = np.array(model.vocabulary.ids)[known], count([train.labels[:, known]])
    features = model.text_features.detach()[torch.from_numpy(known)]
    rows = []
    for tau in TAUS:
        for lift in LIFTS:
            prior = correlation_prior(counts, tau, lift=lift)
            edges = prior.edges & ~np.eye(len(ids), dtype=bool)
            heard = edges.sum(axis=0)
            smooth = alike(torch.from_numpy(prior.adjacency).float() @ features)
            most = ", ".join(ids[np.argsort(-heard, kind="stable")[:3]])
            by = ", ".join(str(n) for n in np.sort(heard)[::-1][:3])
            alone = (edges.sum(axis=1) == 0).sum()
            cells = [f"{tau:g}", str(lift or "none"), str(edges.sum()), str(alone), most, by]
            rows.append([*cells, f"{smooth:.3f}"])
    header = "tau, lift, edges, without neighbours, heard most, by, cosine of pairs"
    return table(header.split(", "), rows)


def render(
    of_models: list[dict[str, Section]], args: argparse.Namespace, prior: list[str]
) -> list[str]:
    """The result as lines of Markdown."""
    lines = [
        "# What trained models say of the method's parts",
        "",
        f"{len(of_models)} trained models, one a seed, in evaluation mode; mean, with the standard "
        f"deviation between models; at most {args.faces} test faces, {args.batch} training faces "
        f"for gradients, {args.shuffles} shuffles. The models: {made_of(args.model)}. Made by "
        f"`experiments/diagnostics.py` ({platform.machine()}, CPU).",
    ]
    for title, section in of_models[0].items():
        rows = []
        for name in section:
            values = np.array([of[title][name] for of in of_models])
            rows.append([name, spread(values / 100, 3)])
        lines += ["", f"## {title}", "", *table(["what", "value"], rows)]
    return [
        *lines,
        "",
        "## The prior at other thresholds",
        "",
        "Counted from the training labels, over the annotated characteristics; edges but for the "
        "diagonal; the three that most others listen to, and how many do; mean cosine of "
        "pairs of the first model's T^0 after one step of propagation, C_hat T^0, at omega 0.8.",
        "",
        *prior,
    ]


if __name__ == "__main__":
    main()
