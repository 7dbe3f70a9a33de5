"""The data sets: what is known of each, and how it takes part in a run.

A data set with a layout of its own is a module of its name in `readers/`, with a function `read`,
and an entry here. One that comes as a plain table needs neither: its settings say what its columns
hold (`TableSettings`).
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, field_validator

from faceinsight.common.settings import Settings
from faceinsight.errors import ParameterError


@dataclass(frozen=True)
class DataSet:
    """What is known of a data set that has a reader.

    Attributes:
        title: its name as its authors spell it.
        split: where its train, val and test parts are from, in words.
        people: each folder of photographs is one person's, who must stay in one part.
    """

    title: str
    split: str
    people: bool = False


DATA_SETS: Mapping[str, DataSet] = {
    "celeba": DataSet("CelebA", "all three from its authors"),
    "maad": DataSet("MAAD", "by a hash of the identity", people=True),
    "fairface": DataSet(
        "FairFace", "test is its authors' val; val is taken from their train by a hash"
    ),
    "utkface": DataSet("UTKFace", "by a hash of the photograph"),
    "expw": DataSet("ExpW", "by a hash of the photograph"),
    "rafdb": DataSet("RAF-DB", "test from its authors; val is taken from their train by a hash"),
}
"""Data sets that have a reader, by the name of their folder below `raw`."""


def dataset_name(dataset: str) -> str:
    """A data set's own spelling; its name in the configuration where the registry has none."""
    return DATA_SETS[dataset].title if dataset in DATA_SETS else dataset


def raw_folder(raw: str | Path) -> Path:
    """The folder that holds a folder for each data set.

    Raises:
        ParameterError: there is none.
    """
    folder = Path(raw)
    if not folder.is_dir():
        raise ParameterError(
            f"raw: there is no folder {folder.absolute()}; name the folder that holds the data "
            "sets' folders (celeba, fairface, ...) with --params raw=FOLDER"
        )
    return folder


def dataset_folder(raw: Path, dataset: str) -> Path:
    """The folder of a data set below `raw`: that of its name, or one called much as that.

    As its authors spell it, or as a mirror's archive is called (`celeba-dataset`, `MAAD-Face`).
    """
    folder = raw / dataset
    if folder.is_dir() or not raw.is_dir():
        return folder
    names = {_plain(dataset), _plain(dataset_name(dataset))}
    same = (path for path in sorted(raw.iterdir()) if _plain(path.name) in names)
    return next((path for path in same if path.is_dir()), folder)


def _plain(name: str) -> str:
    letters = re.sub(r"[\W_]", "", name.lower())
    return re.sub(r"(face|dataset|database|data|new|main|master)+$", "", letters)


def holds_people(dataset: str) -> bool:
    """Whether each folder of the data set's photographs is one person's."""
    return dataset in DATA_SETS and DATA_SETS[dataset].people


_Column = Annotated[str, Field(min_length=1)]
_Part = Annotated[float, Field(ge=0, le=1)]


class TableSettings(Settings):
    """A data set that comes as one table, a labelled face a row.

    For the task `attributes` the vocabulary's `names` are columns that say whether something is
    present; for a group's task they are the class words of one column.

    Attributes:
        file: CSV (or `.parquet`) file in the data set's folder.
        photograph: column of the photographs' paths.
        folder: what these paths are relative to, below the data set's folder.
        split: column of train, val or test; without it a hash of the photograph decides.
        box: columns of left, top, right and bottom in pixels; null: the whole photograph.
        labels: a group's task to the column of its class words, where that is not called as the
            task is.
        present: words that mean present; case does not matter, nor does `1.0` for `1`.
        absent: words that mean absent.
        unknown: words that mean that nothing is known, in columns of classes as well.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    file: _Column
    photograph: _Column = "photograph"
    folder: str = ""
    split: _Column | None = None
    box: tuple[_Column, _Column, _Column, _Column] | None = None
    labels: dict[str, _Column] = {}
    present: tuple[str, ...] = ("1", "yes", "true")
    absent: tuple[str, ...] = ("0", "-1", "no", "false")
    unknown: tuple[str, ...] = ("", "nan", "na", "null", "none", "?")

    @field_validator("present", "absent", "unknown")
    @classmethod
    def _in_small_letters(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word.strip().lower() for word in words)


class DatasetSettings(Settings):
    """How one data set takes part; its files lie in the folder of its name under `raw`.

    Attributes:
        use: whether it takes part at all; one that does not has empty artifacts.
        table: how it is read, if it comes as a plain table; null where it has a reader.
        weight: weight in a training epoch, beside the temperature.
        limit: faces used of each split; null uses all, and a split that is not named as well.
        exclude: file of photographs, a line each as the label table names them, that are in no
            split but held out; `#` begins a remark.
        aligned_box: where a face lies in every photograph of a data set that is aligned: left, top,
            right and bottom as parts of width and height; null: as its label file says.
        val_share: share of the training faces that validates, where no official part does.
        test_share: share of all faces that tests, where no official part does.
    """

    use: bool = True
    table: TableSettings | None = None
    weight: float = Field(1.0, ge=0, allow_inf_nan=False)
    limit: dict[str, int | None] | int | None = None
    exclude: Path | None = None
    aligned_box: tuple[_Part, _Part, _Part, _Part] | None = None
    val_share: float = Field(0.1, gt=0, lt=0.5)
    test_share: float = Field(0.1, gt=0, lt=0.5)

    def held_out(self) -> frozenset[str]:
        """Photographs that `exclude` names.

        Raises:
            ParameterError: there is no such file.
        """
        if self.exclude is None:
            return frozenset()
        if not self.exclude.is_file():
            raise ParameterError(f"datasets: exclude: there is no file {self.exclude.absolute()}")
        lines = (line.partition("#")[0].strip() for line in self.exclude.open(encoding="utf-8"))
        return frozenset(filter(None, lines))

    @field_validator("aligned_box")
    @classmethod
    def _holds_something(
        cls, box: tuple[float, float, float, float] | None
    ) -> tuple[float, float, float, float] | None:
        if box is not None and not (box[0] < box[2] and box[1] < box[3]):
            raise ValueError("left lies before right and top before bottom: [0.2, 0.3, 0.8, 0.9]")
        return box

    @field_validator("limit", mode="before")
    @classmethod
    def _faces_of_splits(cls, limit: Any) -> Any:
        """Told as one fault, and not as one of every form that a limit may have."""
        for part, most in (limit if isinstance(limit, Mapping) else {"train": limit}).items():
            number = type(most) is int and most >= 0
            if part not in ("train", "val", "test") or not (most is None or number):
                raise ValueError(
                    "a limit is a number of faces from 0 up, or one for each of train, val and test"
                )
        return limit


_names = tuple(DATA_SETS)


def dataset_names() -> tuple[str, ...]:
    """The data sets that there are: the configured ones once they are known, else those above."""
    return _names


def configure_datasets(datasets: Mapping[str, Any]) -> None:
    """Make the configured data sets those that there are.

    Args:
        datasets: the parameter `datasets`, name to settings.

    Raises:
        ParameterError: naming one that neither has a reader nor comes as a table.
    """
    global _names
    if not isinstance(datasets, Mapping) or not datasets:
        raise ParameterError(f"datasets: {datasets!r} names no data set; write e.g. celeba: {{}}")
    for name, settings in datasets.items():
        if settings is not None and not isinstance(settings, Mapping):
            raise ParameterError(
                f"datasets.{name}: {settings!r} says nothing of a data set; write e.g. use: false"
            )
        table = (settings or {}).get("table")
        is_table = table is not None
        if not str(name).isidentifier():
            raise ParameterError(
                f"datasets.{name}: the name of a data set is letters, digits and underscores"
            )
        if name in DATA_SETS and is_table:
            raise ParameterError(
                f"datasets.{name}.table: {dataset_name(name)} has a reader of its own; give the"
                " table another name"
            )
        if name not in DATA_SETS and not is_table:
            near = get_close_matches(str(name), DATA_SETS, n=1)
            raise ParameterError(
                f"datasets.{name}: there is no data set '{name}'; there are {', '.join(DATA_SETS)}"
                + (f", did you mean '{near[0]}'?" if near else "")
                + f"; nothing reads '{name}' until datasets.{name}.table says how: at least its "
                "`file`, and what its columns are (docs/data_sets.md)"
            )
        if is_table and not (isinstance(table, Mapping) and table.get("file")):
            raise ParameterError(
                f"datasets.{name}.table: {table!r} names no file; write datasets.{name}.table.file "
                "and what its columns are (docs/data_sets.md)"
            )
    _names = tuple(datasets)


def check_use(
    datasets: Mapping[str, DatasetSettings], labelled: Container[str], raw: Path | None
) -> None:
    """Stop where the data sets that are to take part cannot.

    Args:
        datasets: name to settings.
        labelled: those that the vocabulary has a task for.
        raw: folder of their folders; None where they are drawn.

    Raises:
        ParameterError: none takes part, all have weight 0, or one has no task or no folder.
    """
    used = {name: settings for name, settings in datasets.items() if settings.use}
    if not used:
        raise ParameterError("datasets: none takes part; give one of them use: true")
    if not any(settings.weight for settings in used.values()):
        raise ParameterError(
            "datasets.*.weight: every data set that takes part has weight 0; give one of them a "
            "weight above 0"
        )
    for name in used:
        if name not in labelled:
            raise ParameterError(
                f"datasets.{name}.use: the vocabulary has no task for {name}; add one in "
                "characteristics.yml, or set use to false"
            )
        if raw is not None and not (folder := dataset_folder(raw_folder(raw), name)).is_dir():
            raise ParameterError(
                f"datasets.{name}: there is no folder {folder.absolute()}; put "
                f"{dataset_name(name)} there, or leave it out with use: false in datasets.{name}"
            )


def check_dataset(name: str) -> str:
    """The name of a data set: a configured one, or one that has a reader.

    Raises:
        ValueError: there is no such data set.
    """
    known = dict.fromkeys([*_names, *DATA_SETS])
    if name not in known:
        raise ValueError(f"'{name}' is no data set; there are {', '.join(known)}")
    return name


class AuditSettings(Settings):
    """How photographs are audited.

    Attributes:
        max_pixels: a larger photograph is skipped and counted.
        workers: photographs looked at side by side.
    """

    max_pixels: int = Field(50_000_000, ge=1)
    workers: int = Field(2, ge=1)
