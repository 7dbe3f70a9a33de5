"""One delimited label file, read in a vectorised pass, and line by line only to name a fault."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from faceinsight.data.readers.layout import whereabouts
from faceinsight.errors import LabelFileError

_BLOCK = 8 << 20
_PRESENT, _ABSENT = "1", "-1"
_DELIMITERS = ",;\t"


class LabelFile:
    """A text file with one labelled face a line, its fields parted by commas or by spaces.

    A spreadsheet may have put semicolons or tabs in the place of commas, and commas in that of
    spaces: what the first line is parted by counts.

    Args:
        path: the file.
        origin: whose file it is, for the message where it is missing.
        columns: names of the fields in the file's order; None where the last of the `head` lines
            holds them.
        head: number of lines before the first face.
        spaced: fields are parted by one or more spaces or tabs, and never quoted.
        folder: of the data set, for the message where the file is missing; the file's own if None.

    Raises:
        LabelFileError: the file is missing, empty or not UTF-8 text, or a column occurs twice.
    """

    def __init__(
        self,
        path: Path,
        origin: str,
        *,
        columns: Sequence[str] | None = None,
        head: int = 0,
        spaced: bool = False,
        folder: Path | None = None,
    ) -> None:
        self.path = path
        self.head = head
        if not path.is_file():
            hint = whereabouts(folder or path.parent)
            raise LabelFileError(f"{path} is missing: put {origin}'s {path.name} there{hint}")
        with path.open("rb") as stream:
            first = [stream.readline() for _ in range(max(1, head))]
        last = first[-1].decode("utf-8", "replace")
        self.spaced = spaced and (head > 0 or len(last.split()) > 1)
        self.delimiter = " " if self.spaced else max(_DELIMITERS, key=last.count)
        if not any(line.strip() for line in first):
            raise LabelFileError(f"{path} is empty: expected {origin}'s labels, one face a line")
        self.head_lines = [self._split(i, line) for i, line in enumerate(first[:head], start=1)]
        self.columns = tuple(columns if columns is not None else self.head_lines[-1])
        self.check_columns()

    def check_columns(self) -> None:
        """Check that no column occurs twice.

        Raises:
            LabelFileError: naming the column.
        """
        for column in self.columns:
            if self.columns.count(column) > 1:
                raise self.line_error(self.head, f"column '{printable(column)}' occurs twice")

    def require(self, columns: Iterable[str]) -> None:
        """Check that the file has all of these columns.

        Raises:
            LabelFileError: naming the first column that is missing.
        """
        for column in columns:
            if column not in self.columns:
                raise self.line_error(
                    self.head,
                    f"column '{column}' is missing, the file has {shorten(self.columns)}",
                )

    def read(
        self, columns: Iterable[str], flags: Iterable[str] = (), unknown: str | None = None
    ) -> dict[str, pa.Array]:
        """Read columns as text, and flag columns as int8 of 1, 0 and null, each [N].

        Args:
            columns: names of those that hold any text.
            flags: names of those that hold 1 for present, -1 for absent.
            unknown: the word in them for what was not labelled, if the file has one.

        Raises:
            LabelFileError: naming the first line that has too few or too many fields, a flag that
                is not one of the words, or bytes that are not UTF-8.
        """
        columns, flags = tuple(columns), tuple(flags)
        # Flags are parsed as booleans with the file's own words: a word that is none of them fails
        # inside the parser, and what it does not know is null without a pass over the values. With
        # all types given the parser takes the file block by block, in a bit a flag.
        types = dict.fromkeys(columns, pa.string()) | dict.fromkeys(flags, pa.bool_())
        converting = pa_csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            true_values=[_PRESENT],
            false_values=[_ABSENT],
            null_values=[unknown] if unknown else [],
            strings_can_be_null=False,
        )
        reading = pa_csv.ReadOptions(
            column_names=self.columns, skip_rows=0 if self.spaced else self.head, block_size=_BLOCK
        )
        parsing = pa_csv.ParseOptions(
            delimiter=self.delimiter, quote_char=False if self.spaced else '"'
        )
        try:
            table = pa_csv.read_csv(self._source(), reading, parsing, converting)
        except pa.ArrowInvalid as failure:
            raise self._located(failure, flags, unknown) from None
        if not table.num_rows:
            raise self._no_rows()
        return {
            name: table[name].cast(pa.int8() if type_ == pa.bool_() else type_).combine_chunks()
            for name, type_ in types.items()
        }

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Number and fields of every line that holds a face, one by one.

        Raises:
            LabelFileError: naming a line that is not UTF-8 text.
        """
        with self.path.open("rb") as stream:
            # A lone carriage return ends a line too: so the parser has it.
            pieces = (piece for line in stream for piece in line.splitlines())
            for number, line in enumerate(pieces, start=1):
                blank = not line.strip(b" \t") if self.spaced else not line
                if number > self.head and not blank:
                    yield number, self._split(number, line)

    def check(self, sound: pa.Array, fault: Callable[[int], str]) -> None:
        """Check what must hold in every row of what was read.

        Args:
            sound: [N] booleans; null is not sound.
            fault: what to say of a row, counted from 0.

        Raises:
            LabelFileError: naming the first row that is not sound.
        """
        row = pc.index(pc.fill_null(sound, False), False).as_py()
        if row >= 0:
            raise self.row_error(row, fault(row))

    def line_error(self, number: int, fault: str) -> LabelFileError:
        """The error for a fault in a line of the file, counted from 1."""
        return LabelFileError(f"{self.path}, line {max(1, number)}: {fault}")

    def row_error(self, row: int, fault: str) -> LabelFileError:
        """The error for a fault in a row of what was read, counted from 0."""
        return LabelFileError(f"{self.path}, {self.place(row)}: {fault}")

    def place(self, row: int) -> str:
        """Where a row of what was read, counted from 0, stands: `line 7`, counted from 1."""
        return f"line {next(number for i, (number, _) in enumerate(self.lines()) if i == row)}"

    def _no_rows(self) -> LabelFileError:
        return LabelFileError(f"{self.path} holds no face: expected one a line after its head")

    def _located(
        self, failure: Exception, flags: tuple[str, ...], unknown: str | None
    ) -> LabelFileError:
        words = [_PRESENT, _ABSENT, *([unknown] if unknown else [])]
        at = {flag: self.columns.index(flag) for flag in flags}
        number = 0
        for number, fields in self.lines():
            if len(fields) != len(self.columns):
                return self.line_error(
                    number, f"expected {len(self.columns)} fields, found {len(fields)}"
                )
            for flag, i in at.items():
                if fields[i] not in words:
                    return self.line_error(
                        number,
                        f"{flag} is '{printable(fields[i])}', expected one of {', '.join(words)}",
                    )
        if not number:
            return self._no_rows()
        return LabelFileError(f"{self.path} cannot be read: {str(failure).splitlines()[0]}")

    def _source(self) -> Path | pa.BufferReader:
        if not self.spaced:
            return self.path
        # One space between fields and none around them is what the vectorised parser reads.
        text = self.path.read_bytes().replace(b"\r\n", b"\n").replace(b"\t", b" ")
        for _ in range(self.head):
            text = text.partition(b"\n")[2]
        while b"  " in text:
            text = text.replace(b"  ", b" ")
        return pa.BufferReader(text.replace(b" \n", b"\n").replace(b"\n ", b"\n").strip(b" "))

    def _split(self, number: int, line: bytes) -> list[str]:
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise self.line_error(number, "holds bytes that are not UTF-8 text") from None
        if self.spaced:
            return [word for word in re.split(r"[ \t\r\n]", text) if word]
        try:
            return next(
                csv.reader([text.rstrip("\r\n")], delimiter=self.delimiter, strict=True), []
            )
        except csv.Error as error:
            raise self.line_error(number, f"is not a line of a CSV file ({error})") from None


def shorten(words: Sequence[str], at_most: int = 8) -> str:
    """Words in a message, the first few of them where there are many."""
    some = ", ".join(printable(word) for word in words[:at_most])
    return some if len(words) <= at_most else f"{some} and {len(words) - at_most} more"


def word_at(words: pa.Array, row: int) -> str:
    """One of [N] words as it may stand in a one-line message."""
    return printable(words[row].as_py())


def printable(word: str, at_most: int = 80) -> str:
    """A word from a file as it may stand in a one-line message."""
    word = word.encode("unicode_escape").decode() if not word.isprintable() else word
    return word if len(word) <= at_most else f"{word[:at_most]}..."
