"""`faceinsight`: photographs analysed from the command line, without a Kedro project around it.

Inside the project `kedro run` and the rest are as Kedro has them; its `run` is here as well, with
errors that a person can read. What is typed is checked before anything heavy is imported: a wrong
argument is told at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from faceinsight.common.paths import at_home, printable
from faceinsight.errors import WeightsError

if TYPE_CHECKING:
    from faceinsight import Face, FaceInsight, PhotographError
    from faceinsight.inference.answer import PhotoAnswer
    from faceinsight.reports.faces_page import FacesPage

MODEL = "FACEINSIGHT_MODEL"
"""Environment variable that names the model where no option does."""

TOKEN = "FACEINSIGHT_TOKEN"
"""Environment variable with the token of the server where no option names one."""

_HERE = Path("data/06_models/lgc/model")
"""Where a run of the project leaves its model: taken where nothing is named, and none installed."""


@click.group(
    name="faceinsight",
    context_settings={"help_option_names": ["-h", "--help"]},
)
def cli() -> None:
    """Face perception on photographs, from the command line."""


@cli.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
    short_help="Run the project's pipelines: `kedro run`.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Kedro's own command, with errors that a person can read."""
    try:
        from faceinsight.pipelines.command import configure, run
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("faceinsight"):
            raise
        raise click.ClickException(
            f"run: the package {error.name} is not installed; "
            "`pip install 'faceinsight[pipelines]'` brings what the project's pipelines need."
        ) from None
    configure()
    run.main(list(arguments), ctx.command_path, obj=ctx.obj, standalone_mode=False)


class _Typed(click.ParamType):
    """A path as it is typed, `~` expanded."""

    name = "path"

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:
        return Path(at_home(value))


_MODEL_OPTION = click.option(
    "--model",
    envvar=MODEL,
    help="Folder of a trained model, or its name on the Hugging Face hub. Otherwise that of the "
    f"environment variable {MODEL}, of the package faceinsight-weights, or the newest in {_HERE}.",
)
# What is no argument of a command by name goes on to `FaceInsight.from_pretrained`: a field of
# `inference.settings.PhotoSettings`.
_PHOTO_OPTIONS = (
    _MODEL_OPTION,
    click.option(
        "--faces",
        type=click.Choice(["detect", "detect_or_whole", "whole"]),
        default="detect",
        show_default=True,
        help="Every face that is detected; the same, and a photograph without one as a whole; "
        "or each photograph as one face (crops, drawn faces).",
    ),
    click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps."),
    click.option("--detector-weights", type=_Typed(), help="File of the detector's weights."),
    click.option("--parser-weights", type=_Typed(), help="File of the parser's weights."),
    click.option(
        "--sensitive",
        is_flag=True,
        help="Also what the data sets call race, and judgements of looks. They are annotators' "
        "words, not facts about a person.",
    ),
)


def _photo_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_PHOTO_OPTIONS):
        command = option(command)
    return command


@cli.command()
@click.argument("photos", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, an entry a photograph.")
@click.option("--csv", "table", type=_Typed(), help="Write a table of the faces into this file.")
@click.option(
    "--html",
    "page",
    type=_Typed(),
    help="Write a page of all faces, with thumbnails, into this file, to open in a browser.",
)
@click.option("--pictures", type=_Typed(), help="Draw boxes and labels into this folder.")
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Let a Ray cluster do it: auto, local or ray://HOST:PORT. PHOTOS is then one folder, one "
    "pattern, or one table (.csv, .parquet) of paths, here or in an object store (s3://...).",
)
@click.option("--out", help="Where a cluster writes its tables: a folder, or s3://...")
@click.option("--column", help="Column of paths in a table of PHOTOS.")
@_photo_options
def analyze(
    photos: tuple[str, ...],
    as_json: bool,
    table: Path | None,
    page: Path | None,
    pictures: Path | None,
    cluster: str | None,
    out: str | None,
    column: str | None,
    model: str | None,
    **options: Any,
) -> None:
    """Analyze every face in PHOTOS: files, or folders with all that is in them.

    What cannot be read is told on standard error, and the exit code is 1; the rest is analyzed. A
    cluster lists it in a table instead.
    """
    with _errors_as_sentences():
        if as_json and table is not None:
            raise click.UsageError("--json and --csv: choose one, or call twice")
        if cluster is not None:
            if as_json or table or page or pictures:
                raise click.UsageError(
                    "--cluster writes tables to --out; --json, --csv, --html and --pictures are "
                    "of one machine"
                )
            _analyze_on_cluster(cluster, photos, out, column, model, options)
            return
        if out is not None or column is not None:
            raise click.UsageError("--out and --column are of a cluster: name one with --cluster")
        files = list(_files([Path(at_home(name)) for name in photos]))
        for target in (table, page):
            _require_file(target)
        _require_place(pictures)
        opened = _open(model, options)
        show = _Shown(as_json, table, page, pictures, files)
        from faceinsight.common.progress import images_bar

        with images_bar("analyzing", len(files), disable=len(files) < 2) as bar, show:
            for file, found in zip(files, opened.stream(files), strict=True):
                show(file, found)
                bar.update()
        if show.faceless and opened.cropper.face_from == "dlib":
            from faceinsight.inference.cropper import DLIB_MISSES

            click.echo(f"{DLIB_MISSES}.", err=True)
    if show.failed:
        raise SystemExit(1)


def _analyze_on_cluster(
    address: str,
    photos: Sequence[str],
    out: str | None,
    column: str | None,
    model: str | None,
    options: dict[str, Any],
) -> None:
    from faceinsight.cluster.connection import require_ray
    from faceinsight.cluster.settings import known_address

    try:
        known_address(address)
    except ValueError as error:
        raise click.UsageError(f"--cluster: {error}, not {address}") from None
    require_ray("--cluster")
    if out is None:
        raise click.UsageError("--out: name a folder, or a place such as s3://..., for the tables")
    if len(photos) != 1:
        raise click.UsageError("--cluster takes one folder, one pattern in quotes, or one table")
    name = _name_model(model, options)
    from faceinsight.cluster.scoring import analyze_on_cluster
    from faceinsight.inference.faceinsight import settings_with
    from faceinsight.inference.settings import PhotoSettings

    done = analyze_on_cluster(
        photos[0],
        out,
        address=address,
        model=name,
        settings=settings_with(PhotoSettings(), **options),
        column=column,
    )
    click.echo(
        f"{_faces(done.faces)} in {done.scored} photographs, scored now; {done.photographs} in "
        f"all, of which {len(done.skipped)} were skipped: {done.place}"
    )
    done.require_some()


@cli.command()
@click.argument("photo", type=_Typed())
@click.argument("question", required=False)
@click.option("--face", type=click.IntRange(1), help="Its number from the left; else the largest.")
@click.option(
    "--direct",
    is_flag=True,
    help="Answer from the picture itself, where the model was taught to; otherwise from its "
    "labels, which an answer then cannot contradict.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all that is known of it.")
@_photo_options
def ask(
    photo: Path,
    question: str | None,
    face: int | None,
    direct: bool,
    as_json: bool,
    model: str | None,
    **options: Any,
) -> None:
    """Answer QUESTION about the face in PHOTO, or describe it.

    The answer goes to standard output; how it came about, and which face it is about, to standard
    error.
    """
    with _errors_as_sentences():
        (file,) = _files([photo], folders=False)
        opened = _open(model, options)
        answer = opened.ask(file, question, face=face, way="direct" if direct else "grounded")
        if as_json:
            click.echo(json.dumps(asdict(answer)))
            return
        click.echo(answer.text)
        if answer.caution:
            click.echo(answer.caution)
        click.echo(click.style(remarks(answer, question), dim=True), err=True)


@cli.command()
def download() -> None:
    """Fetch pyfacer's detector and face parser once, to where pyfacer keeps them.

    About 340 MB; what is there already stays. With them more faces are found than by the detector
    that is there without a download, and models that read label maps can look at photographs.
    """
    with _errors_as_sentences():
        from faceinsight.data.parsing.weights import fetch_weights

        for file in fetch_weights():
            click.echo(file)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--token",
    envvar=TOKEN,
    help=f"What clients must send, 16 characters or more; better by the variable {TOKEN}. Needed "
    "where others reach the address.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    help="Origin of pages elsewhere that may call the server from a browser; may be repeated.",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=VALUE",
    help="A limit of the server, such as queue=128 or seconds=30; docs/server.md lists them.",
)
@click.option(
    "--maps",
    type=click.Choice(["as_trained", "parsed"]),
    default="as_trained",
    show_default=True,
    help="Label maps as the model was trained, or made by the parser whatever it was trained with.",
)
@_photo_options
def serve(
    host: str,
    port: int,
    token: str | None,
    origins: tuple[str, ...],
    limits: tuple[str, ...],
    model: str | None,
    **options: Any,
) -> None:
    """Answer over HTTP: REST, described at /docs.

    Listens on this machine alone unless --host says otherwise, and then asks for a --token.
    """
    with _errors_as_sentences():
        from faceinsight.serving.command import check, serve

        settings = check({"host": host, "token": token, "origins": origins}, limits, port)
        serve(lambda: _open(model, options), settings, port)


@cli.command()
@click.argument("photo", type=_Typed())
@click.argument("characteristic")
@click.option("--face", type=click.IntRange(1), help="Its number from the left; else the largest.")
@click.option("--picture", type=_Typed(), help="Draw the face with its regions into this file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, all regions with their shares.")
@_photo_options
def explain(
    photo: Path,
    characteristic: str,
    face: int | None,
    picture: Path | None,
    as_json: bool,
    model: str | None,
    **options: Any,
) -> None:
    """Tell on which regions of the face in PHOTO a CHARACTERISTIC hangs.

    Each region is erased from photograph and label map; how much lower the log-odds of the
    characteristic then are is the region's share. Above zero it speaks for the characteristic,
    below against it. Without the parser's weights regions are areas at fixed places of the face's
    box, for a model that reads no label maps.
    """
    with _errors_as_sentences():
        (file,) = _files([photo], folders=False)
        if picture and picture.suffix.lower() not in (".png", ".jpg", ".jpeg"):
            raise click.UsageError(f"--picture: {picture.name} ends neither in .png nor in .jpg")
        _require_file(picture)
        opened = _open(model, options)
        explanation = opened.explain(file, characteristic, face=face)
        if picture is not None:
            from faceinsight.common.encoding import encoded
            from faceinsight.common.work import write_beside

            with write_beside(picture) as beside:
                kind = "PNG" if picture.suffix.lower() == ".png" else "JPEG"
                beside.write_bytes(encoded(explanation.picture(), kind))
        if as_json:
            click.echo(json.dumps(explanation.to_dict()))
            return
        if explanation.caution:
            click.echo(explanation.caution)
        click.echo(f"{explanation.word}: {explanation.probability:.0%}")
        width = max(11, *(len(region.region) + 1 for region in explanation.regions))
        for region in explanation.regions:
            click.echo(f"  {region.region:<{width}}{region.share:+7.2f}")
        if explanation.by_areas:
            click.echo(explanation.by_areas)


def _require_place(target: Path | None) -> None:
    if target is not None and not target.parent.is_dir():
        raise click.UsageError(f"there is no folder {target.parent.absolute()} to write into")


def _require_file(target: Path | None) -> None:
    _require_place(target)
    if target is not None and target.is_dir():
        raise click.UsageError(f"{target} is a folder: name a file in it")


def _files(paths: Sequence[Path], folders: bool = True) -> Iterator[Path]:
    """The files that are meant, folders entered; told at once where there is none."""
    for path in paths:
        if path.is_dir() and folders:
            from faceinsight.inference.folder import list_files

            names, skipped = list_files(path)
            for left_out in skipped:
                click.echo(left_out.message, err=True)
            yield from (path / name for name in names)
        elif path.is_file():
            yield path
        else:
            kind = "no file, but a folder" if path.is_dir() else "not there"
            raise click.UsageError(f"{path.absolute()} is {kind}: name a photograph")


def _open(model: str | None, options: dict[str, Any]) -> FaceInsight:
    """The model, loaded; what is wrong with its name or an option is told first."""
    name = _name_model(model, options)
    from faceinsight import FaceInsight

    return FaceInsight.from_pretrained(name, **options)


def _name_model(model: str | None, options: dict[str, Any]) -> str:
    """The model that is meant; what is wrong with it or an option is told before it is loaded."""
    for name in ("detector_weights", "parser_weights"):
        path = options[name]
        if path is not None and not path.is_file():
            raise click.UsageError(f"--{name.replace('_', '-')}: there is no file {path}")
    from faceinsight.inference.versions import newest_model, packaged_model

    if model is None:
        try:
            model = str(packaged_model())
        except WeightsError as error:
            if not _HERE.is_dir():
                raise click.UsageError(f"--model: {error}") from None
            model = str(_HERE)
    model = at_home(model)
    # A folder without a model is told before PyTorch is imported.
    if newest_model(model) is None and not _is_hub_name(model):
        raise click.UsageError(f"--model: there is no folder {Path(model).absolute()}")
    return model


def _is_hub_name(name: str) -> bool:
    return name.count("/") == 1 and not name.startswith((".", "/", "~"))


class _Shown:
    """What was found, as a person or a program wants it; a table is whole or absent.

    Attributes:
        failed: whether a photograph could not be read.
        faceless: whether no face was found in one.
    """

    def __init__(
        self,
        as_json: bool,
        table: Path | None,
        page: Path | None,
        pictures: Path | None,
        files: Sequence[Path],
    ) -> None:
        self.failed = self.faceless = False
        self._as_json, self._table, self._page_file = as_json, table, page
        self._page: FacesPage | None = None
        if page is not None:
            from faceinsight.reports.faces_page import FacesPage

            self._page = FacesPage(page.stem)
        self._pictures, self._files = pictures, files
        self._called: dict[str, str] | None = None
        self._faces: list[Face] = []
        self._count = 0

    def __enter__(self) -> _Shown:
        if self._as_json:
            click.echo("[", nl=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._as_json and kind is None:
            click.echo("\n]" if self._count else "]")
        if kind is not None:
            return
        from faceinsight.common.work import write_beside

        if self._page is not None and self._page_file is not None:
            with write_beside(self._page_file) as beside:
                beside.write_text(self._page.render(), encoding="utf-8")
        if self._table is not None:
            from faceinsight import to_frame
            from faceinsight.inference.table import for_spreadsheet

            with write_beside(self._table) as beside:
                table = for_spreadsheet(to_frame(self._faces))
                table.to_csv(beside, index=False, float_format="%.4f")

    def __call__(self, file: Path, found: list[Face] | PhotographError) -> None:
        """Show the faces of one photograph, or why there are none."""
        if not isinstance(found, list):
            self.failed = True
            click.echo(str(found), err=True)
            said = {"reason": found.reason, "message": printable(str(found))}
            entry: dict[str, Any] = {"error": said}
        else:
            self.faceless |= not found
            entry = {"faces": [face.to_dict() for face in found]}
            self._draw(file, found)
        if self._page is not None:
            self._page.add(_name(file), found)
        if self._as_json:
            told = json.dumps({"photograph": _name(file), **entry})
            click.echo((",\n" if self._count else "\n") + told, nl=False)
        elif isinstance(found, list) and self._table is not None:
            self._faces += found
        elif isinstance(found, list) and self._page is None:
            click.echo(f"{_name(file)}: {_faces(len(found))}")
            if found and found[0].caution:
                click.echo(f"  {found[0].caution}")
            for number, face in enumerate(found, 1):
                click.echo(f"  {number}. {face.describe()}")
                if doubts := face.doubts():
                    click.echo(f"     {doubts}")
        self._count += 1

    def _draw(self, file: Path, faces: list[Face]) -> None:
        if self._pictures is None or not faces:
            return
        from faceinsight.inference.pictures import draw_photograph, picture_names

        if self._called is None:
            self._called = picture_names(dict.fromkeys(map(_name, self._files)), flat=True)
        self._pictures.mkdir(exist_ok=True)
        draw_photograph(file, faces, self._pictures / self._called[_name(file)])


def _name(file: Path) -> str:
    return printable(str(file))


def _faces(count: int) -> str:
    return f"{count or 'no'} face{'' if count == 1 else 's'}"


def remarks(answer: PhotoAnswer, question: str | None) -> str:
    """One line on an answer: how it came about, about which face, and what it is not.

    Args:
        answer: the answer.
        question: as it was typed.
    """
    from faceinsight.answers.labels import CAUTION, label_words

    ways = {
        "grounded": "Grounded: the language model's words for the labels of the face, checked "
        "against them",
        "direct": "Direct: the model's own words for the picture",
        "template": "Written from the labels of the face",
        "declined": "Declined",
    }
    told = [ways[answer.way]]
    if answer.reason:
        told.append(answer.reason)
    if answer.contradictions:
        against = ", ".join(dict.fromkeys(map(label_words, answer.contradictions)))
        told.append(f"its labels say otherwise of: {against}")
    if question and question.strip() != answer.asked:
        told.append(f'asked as "{answer.asked}"')
    largest = ", from left to right" if answer.faces > 1 else ""
    told.append(f"face {answer.face} of {answer.faces}{largest}")
    return f"{'; '.join(told)}. {CAUTION}"


@contextmanager
def _errors_as_sentences() -> Iterator[None]:
    from faceinsight.common.messages import sentence

    try:
        yield
    except click.ClickException:
        raise
    except Exception as error:
        told = sentence(error)
        if told is None:
            raise
        raise click.ClickException(told) from None


def main() -> None:
    """The console script."""
    cli(prog_name="faceinsight")
