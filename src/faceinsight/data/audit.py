"""Which photographs can be used, and which examples are taken.

Photographs are decoded whole, since a truncated one looks sound until then. What is found stands
apart from the label tables, in parts that a second start reads back: it looks only at photographs
that are new or have changed since.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from faceinsight.common.progress import images_bar
from faceinsight.common.recipes import recipe
from faceinsight.common.work import WorkFolder, digest, write_beside
from faceinsight.data.geometry import UPRIGHT, crop_square, upright_box
from faceinsight.data.photographs import MAX_PIXELS, inspect_photograph, stamp_files
from faceinsight.data.readers.layout import whereabouts
from faceinsight.data.registry import dataset_name
from faceinsight.data.store import BOX_COLUMNS, boxes_of
from faceinsight.errors import ParameterError, PhotographError

OK = "ok"
"""Status of a photograph that can be used; any other status is the reason why not."""

LARGE_LOSS = 0.1
"""Share of the labelled faces above which it is told that they cannot be used."""

_log = logging.getLogger(__name__)

_PART = 8192
_KEY = ["photograph", "bytes", "changed"]
_FOUND = ["status", "width", "height", "orientation"]


def audit_photographs(
    table: pd.DataFrame,
    root: Path,
    work: Path,
    *,
    max_pixels: float = MAX_PIXELS,
    workers: int = 4,
    progress: bool = True,
) -> pd.DataFrame:
    """Decode every photograph of a label table once. May be stopped and started again.

    Args:
        table: label table; only `photograph` is read.
        root: the data set's raw folder.
        work: folder of all work folders.
        max_pixels: larger photographs are refused.
        workers: threads (Pillow decodes outside Python's lock).
        progress: show a progress bar.

    Returns:
        one row a different photograph, in the order of the table: `photograph`, `status` (`ok` or
        a `PhotographError`'s reason), `width` and `height` in pixels as seen, and `orientation`,
        the EXIF tag by which it is turned (all three null unless ok).
    """
    root = Path(root)
    key = digest(str(root.resolve()), float(max_pixels), recipe("audit"))
    parts = WorkFolder(work, "audit", key).path
    photographs = pd.unique(table["photograph"].to_numpy(dtype=object))
    sizes, changes = stamp_files(root, photographs, workers=workers)
    files = pd.DataFrame(dict(zip(_KEY, (photographs, sizes, changes), strict=True)))
    found = _found(parts, files)

    def look(photograph: str) -> tuple[str, int, int, int]:
        try:
            return OK, *inspect_photograph(root, photograph, max_pixels=max_pixels)
        except PhotographError as error:
            return error.reason, 0, 0, 0

    missing = files[found["status"].isna()]
    if len(missing):
        bar = images_bar(f"auditing {root.name}", len(missing), disable=not progress)
        with ThreadPoolExecutor(workers) as pool, bar:
            for start in range(0, len(missing), _PART):
                part = missing.iloc[start : start + _PART]
                rows = []
                for row in pool.map(look, part["photograph"]):
                    rows.append(row)
                    bar.update()
                with write_beside(parts / f"{uuid.uuid4().hex}.parquet") as beside:
                    looked_at = pd.DataFrame(rows, columns=_FOUND, index=part.index)
                    part.join(looked_at).to_parquet(beside, index=False)
        found = _found(parts, files)
    is_ok = found["status"] == OK
    return pd.DataFrame(
        {
            "photograph": pd.array(photographs, dtype="string[pyarrow]"),
            "status": pd.array(found["status"].to_numpy(dtype=object), dtype="string[pyarrow]"),
            **{name: found[name].where(is_ok).astype("int32[pyarrow]") for name in _FOUND[1:]},
        }
    )


def _found(parts: Path, files: pd.DataFrame) -> pd.DataFrame:
    """What earlier parts say about these files; null where nothing."""
    tables = [pd.read_parquet(path) for path in sorted(parts.glob("[!.]*.parquet"))]
    if not tables:
        return pd.DataFrame(dict.fromkeys(_FOUND[1:], np.nan) | {"status": None}, files.index)
    known = pd.concat(tables, ignore_index=True).drop_duplicates(_KEY)
    known = known.astype({"photograph": object})
    return files.merge(known, how="left", on=_KEY, validate="one_to_one")[_FOUND]


def select_examples(
    table: pd.DataFrame,
    audit: pd.DataFrame,
    *,
    limit: Mapping[str, int | None] | int | None = None,
    held_out: Collection[str] = (),
    seed: int = 0,
    val_share: float = 0.1,
    test_share: float = 0.1,
    by_folder: bool = False,
    aligned_box: tuple[float, float, float, float] | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows of a label table that are used, and an account of the others.

    A box is turned with its photograph: label files have it in the pixels as they are stored. Rows
    whose photograph is not ok are dropped, and rows whose box lies outside their photograph.
    If what is left leaves a part empty, it is split anew (`splits.resplit_if_one_part`). Then at
    most `limit` rows of each part are taken, by a seeded hash of photograph and face: a smaller
    limit takes a subset of what a larger one takes, whatever else the table holds.

    Args:
        table: label table.
        audit: what `audit_photographs` returned for it.
        limit: most rows a part, by part or one number for each; None takes all.
        held_out: photographs that belong to no part; no limit counts them.
        seed: of the split and of the hash.
        val_share: share that validates, where it is split anew.
        test_share: share that tests, where it is split anew.
        by_folder: a new split keeps a folder's photographs together (MAAD: one person's).
        aligned_box: where the face lies in every photograph whose row has no box: left, top, right
            and bottom as parts of width and height.

    Returns:
        the rows, in the order of the table; and a report `{rows, dropped: {reason: rows},
        resplit: reason or None, available: {part: rows}, taken: {part: rows}}`.

    Raises:
        LabelFileError: too few photographs to split.
        ParameterError: the table has none of the photographs that are to be held out.
    """
    from faceinsight.data.splits import HELD_OUT, PARTS, hash_units, resplit_if_one_part

    limits = dict(limit) if isinstance(limit, Mapping) else dict.fromkeys(PARTS, limit)
    at = pd.Index(audit["photograph"].to_numpy(dtype=object)).get_indexer(
        pd.Index(table["photograph"].to_numpy(dtype=object))
    )
    table = _turned(table, audit, at)
    if aligned_box is not None:
        table = _boxed(table, audit, at, aligned_box)
    statuses = np.append(audit["status"].to_numpy(dtype=object), "not audited")[at]
    statuses[_outside(table, audit, at) & (statuses == OK)] = "box"
    reasons, counts = np.unique(statuses[statuses != OK].astype(str), return_counts=True)
    usable, resplit = resplit_if_one_part(
        table[statuses == OK].reset_index(drop=True),
        seed,
        val_share=val_share,
        test_share=test_share,
        by_folder=by_folder,
    )
    if held_out:
        if not table["photograph"].isin(held_out).any():
            raise ParameterError(
                f"exclude: none of its {len(held_out):,} photographs, such as '{min(held_out)}', "
                "has a label: write them as the label table does, e.g. train/1.jpg"
            )
        apart = usable["photograph"].isin(held_out)
        usable = usable.assign(split=usable["split"].mask(apart, HELD_OUT))

    names = usable["photograph"].to_numpy(dtype=object)
    faces = usable["face"].to_numpy(dtype=np.int64)
    ranks = hash_units((f"example {n} {f}" for n, f in zip(names, faces, strict=True)), seed)
    parts = usable["split"].to_numpy(dtype=object)
    taken = parts == HELD_OUT
    for part in PARTS:
        rows = np.flatnonzero(parts == part)
        taken[rows[np.argsort(ranks[rows], kind="stable")][: limits.get(part)]] = True
    report: dict[str, Any] = {
        "rows": len(table),
        "dropped": dict(zip(reasons.tolist(), counts.tolist(), strict=True)),
        "resplit": resplit,
        "available": {part: int((parts == part).sum()) for part in PARTS},
        "taken": {part: int((parts[taken] == part).sum()) for part in PARTS},
    }
    if held_out:
        report[HELD_OUT] = int((parts == HELD_OUT).sum())
    return usable[taken].reset_index(drop=True), report


def check_photographs(dataset: str, root: Path, audit: pd.DataFrame) -> None:
    """Check that a data set has a photograph that can be used.

    Args:
        dataset: its name.
        root: its raw folder.
        audit: what `audit_photographs` returned for it; without rows nothing is checked.

    Raises:
        ParameterError: naming the folder, the first photograph that was looked for, and what became
            of them.
    """
    if not len(audit) or (audit["status"] == OK).any():
        return
    is_there = audit["status"].iloc[0] == "unreadable"
    raise ParameterError(
        f"datasets.{dataset}: none of its {len(audit):,} photographs in {root} can be used"
        f" ({_counted(audit['status'])}); {_first(root, audit)};"
        f" {'see to their permissions' if is_there else 'put them there'}, or leave the data"
        f" set out with use: false in datasets.{dataset}"
    )


def tell_losses(dataset: str, root: Path, audit: pd.DataFrame, report: Mapping[str, Any]) -> None:
    """Warn where a tenth or more of a data set's labelled faces cannot be used.

    Args:
        dataset: its name.
        root: its raw folder.
        audit: what `audit_photographs` returned for it.
        report: what `select_examples` gave.

    Raises:
        ParameterError: none can be used.
    """
    rows, dropped = report["rows"], sum(report["dropped"].values())
    if not rows or dropped < rows * LARGE_LOSS:
        return
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in report["dropped"].items())
    if dropped == rows:
        raise ParameterError(
            f"datasets.{dataset}: none of the {rows:,} labelled faces can be used: {reasons}"
        )
    _log.warning(
        "%s: %s of %s labelled faces (%.0f %%) are left out: %s%s.",
        dataset_name(dataset),
        f"{dropped:,}",
        f"{rows:,}",
        100 * dropped / rows,
        reasons,
        f"; {_first(root, audit)}" if (audit["status"] != OK).any() else "",
    )


def _counted(statuses: pd.Series) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in statuses.value_counts().items())


def _first(root: Path, audit: pd.DataFrame) -> str:
    """The first photograph that cannot be used, and what may have become of those missing."""
    row = audit[audit["status"] != OK].iloc[0]
    hint = whereabouts(root) if (audit["status"] == "missing").any() else ""
    return f"the first, {root / row['photograph']}, is {row['status']}{hint}"


def _turned(table: pd.DataFrame, audit: pd.DataFrame, at: np.ndarray) -> pd.DataFrame:
    """The table with boxes turned as their photographs are; `at`: a row's place in the audit."""
    if "orientation" not in audit or not len(audit):
        return table
    found = {name: audit[name].to_numpy(dtype=np.int64, na_value=0) for name in _FOUND[1:]}
    rows = np.flatnonzero((found["orientation"][at] > UPRIGHT) & (at >= 0))
    boxes = boxes_of(table) if len(rows) else []
    for row in rows:
        if (box := boxes[row]) is not None:
            width, height, orientation = (int(found[name][at[row]]) for name in _FOUND[1:])
            boxes[row] = upright_box(box, orientation, width, height)
    if not boxes:
        return table
    sides = zip(*(box or (None,) * 4 for box in boxes), strict=True)
    columns = zip(BOX_COLUMNS, sides, strict=True)
    turned = {name: pd.Series(side, table.index) for name, side in columns}
    return table.assign(**turned).astype(table.dtypes)


def _boxed(
    table: pd.DataFrame,
    audit: pd.DataFrame,
    at: np.ndarray,
    parts: tuple[float, float, float, float],
) -> pd.DataFrame:
    """The table with a box, in whole pixels, wherever it has none; `at` as for `_turned`."""
    columns = {}
    for name, part, side in zip(BOX_COLUMNS, parts, ("width", "height") * 2, strict=True):
        pixels = audit[side].to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.append(pixels, np.nan)[at] * part
        box = pd.Series(np.round(known), table.index).astype(table[name].dtype)
        columns[name] = table[name].where(table[name].notna(), box)
    return table.assign(**columns)


def _outside(table: pd.DataFrame, audit: pd.DataFrame, at: np.ndarray) -> np.ndarray:
    """Whether each row's box has no part inside its photograph, [N] bool."""
    outside = np.zeros(len(table), dtype=bool)
    widths = audit["width"].to_numpy(dtype=np.int64, na_value=0)
    heights = audit["height"].to_numpy(dtype=np.int64, na_value=0)
    for row, box in enumerate(boxes_of(table)):
        if box is not None and at[row] >= 0:
            try:
                crop_square(int(heights[at[row]]), int(widths[at[row]]), box)
            except PhotographError:
                outside[row] = True
    return outside
