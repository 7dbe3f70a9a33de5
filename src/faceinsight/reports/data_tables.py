"""Tables of what went in: what the data sets hold, and what was left out of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from faceinsight.data.audit import LARGE_LOSS
from faceinsight.data.registry import dataset_name
from faceinsight.data.splits import PARTS
from faceinsight.method.characteristics import Vocabulary

_NAMES_SHOWN = 3


def dataset_summary(
    examples: Mapping[str, pd.DataFrame],
    vocabulary: Vocabulary,
    selections: Mapping[str, Mapping[str, Any]] | None = None,
) -> pd.DataFrame:
    """Count faces and labels.

    Args:
        examples: data set to its label table.
        vocabulary: the characteristics; those that a data set does not annotate have no rows.
        selections: data set to the account of the selection, of which `resplit` is read.

    Returns:
        One row for each data set, split and annotated characteristic: `dataset`, `split`, `id`,
        `faces` (in the split), `known` (faces with a known label), `present`, and `resplit` (why
        the data set's own split is not used, "" where it is).
    """
    rows = []
    for dataset, table in examples.items():
        resplit = (selections or {}).get(dataset, {}).get("resplit") or ""
        annotated = [id_ for id_ in vocabulary.annotated_by(dataset) if id_ in table]
        for split in PARTS:
            labels = table.loc[table["split"] == split, annotated]
            known, present = labels.notna().sum(), (labels == 1).sum()
            rows += [
                (dataset, split, id_, len(labels), int(known[id_]), int(present[id_]), resplit)
                for id_ in annotated
            ]
    columns = ["dataset", "split", "id", "faces", "known", "present", "resplit"]
    return pd.DataFrame(rows, columns=columns)


def skipped_summary(
    skipped_rows: Mapping[str, pd.DataFrame],
    audits: Mapping[str, pd.DataFrame],
    selections: Mapping[str, Mapping[str, Any]],
    segmentation: Mapping[str, Sequence[Sequence[str]]] | None = None,
) -> pd.DataFrame:
    """Count what was not used, by data set and reason, with the first few names.

    Args:
        skipped_rows: data set to rows of label files that were left out: `file`, `row`, `reason`.
        audits: data set to audited photographs: `photograph`, `status` (`ok` or the reason).
        selections: data set to the account of the selection, of which `dropped` (reason to number
            of labelled faces) and `resplit` (why the split is our own, or None) are read.
        segmentation: data set to what failed when faces were cut and parsed, as `crops.json`
            names it: photograph and reason.

    Returns:
        `dataset`, `what` ("label rows", "photographs", "faces" or "crops"), `reason`, `n`, `first`
        (a few names in one text, "" where none is known); and of the whole data set `lost` of how
        many labelled faces, `of`.
    """
    rows: list[tuple[str, str, str, int, str]] = []
    for dataset, table in skipped_rows.items():
        for reason, of in table.groupby("reason", sort=True):
            names = [
                str(file) if pd.isna(row) else f"{file}, row {int(row)}"
                for file, row in zip(of["file"], of["row"], strict=True)
            ]
            rows.append((dataset, "label rows", str(reason), len(of), _first(names)))
    for dataset, audit in audits.items():
        bad = audit[(audit["status"] != "ok").fillna(True)]
        for reason, of in bad.groupby("status", sort=True):
            rows.append(
                (dataset, "photographs", str(reason), len(of), _first(of["photograph"].tolist()))
            )
    for dataset, selection in selections.items():
        audited = {row[2] for row in rows if row[0] == dataset and row[1] == "photographs"}
        for reason, n in selection["dropped"].items():
            if reason not in audited:
                rows.append((dataset, "faces", str(reason), int(n), ""))
    for dataset, failed in (segmentation or {}).items():
        for why in sorted({reason for _, reason in failed}):
            names = [photograph for photograph, reason in failed if reason == why]
            rows.append((dataset, "crops", why, len(names), _first(names)))
    frame = pd.DataFrame(rows, columns=["dataset", "what", "reason", "n", "first"])
    lost, of_all = {}, {}
    for dataset in frame["dataset"].unique():
        unread = len(skipped_rows.get(dataset, ()))
        selection = selections.get(dataset, {})
        lost[dataset] = unread + sum(selection.get("dropped", {}).values())
        lost[dataset] += len((segmentation or {}).get(dataset, ()))
        of_all[dataset] = unread + int(selection.get("rows", 0))
    return frame.assign(lost=frame["dataset"].map(lost), of=frame["dataset"].map(of_all))


def large_losses(skipped: pd.DataFrame) -> list[str]:
    """A sentence for each data set of which a large share was not used.

    Args:
        skipped: from `skipped_summary`.
    """
    told = []
    for dataset, rows in skipped.groupby("dataset", sort=False):
        lost, of_all = (int(rows[name].iloc[0]) if name in rows else 0 for name in ("lost", "of"))
        if not of_all or lost < LARGE_LOSS * of_all:
            continue
        reasons = ", ".join(
            f"{row['n']:,} {row['what']}: {row['reason']}"
            for row in rows.sort_values("n", ascending=False, kind="stable").to_dict("records")
        )
        told.append(
            f"{dataset_name(str(dataset))}: {lost:,} of {of_all:,} labelled faces "
            f"({100 * lost / of_all:.0f} %) were left out ({reasons})."
        )
    return told


def _first(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    return shown + (", …" if len(names) > _NAMES_SHOWN else "")
