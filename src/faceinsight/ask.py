"""`kedro ask`: a question about somebody's photograph, answered in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kedro.framework.cli.utils import _split_params, env_option

from faceinsight.common.paths import at_home

if TYPE_CHECKING:
    from faceinsight.inference.asking import PhotoAnswer


class _Typed(click.ParamType):
    """A path as it is typed, seen from where it is typed; whether it can be read is told later."""

    name = "file"

    def convert(self, value: Any, param: Any, ctx: Any) -> Path:
        return Path(at_home(value)).absolute()


@click.command()
@click.argument("file", type=_Typed())
@click.argument("question", required=False)
@click.option("--variant", help="Which model answers: org, seg, corr or lgc.")
@env_option
@click.option(
    "--direct",
    is_flag=True,
    help="Answer from the picture itself; otherwise the model words its labels, and is held to "
    "them.",
)
@click.option(
    "--face", type=int, help="Number of the face, from left to right; otherwise the largest."
)
@click.option("--load-version", help="Version of the model; otherwise the newest.")
@click.option(
    "--params",
    type=click.UNPROCESSED,
    default="",
    callback=_split_params,
    help="Parameters as `kedro run` takes them, e.g. predict.maps=parsed.",
)
@click.option("--max-new-tokens", type=click.IntRange(1), default=60, show_default=True)
@click.option("--do-sample", is_flag=True, help="Draw the words instead of the likeliest ones.")
@click.option(
    "--temperature",
    type=click.FloatRange(0, min_open=True),
    help="Of the drawing; implies --do-sample.",
)
@click.option(
    "--candidates",
    type=click.IntRange(1, 64),
    help="A direct answer is chosen from so many (16) by the model's own probabilities; a single "
    "one appears while it is written.",
)
@click.option("--no-stream", is_flag=True, help="Print a single one when it is finished, too.")
def ask(
    file: Path,
    question: str | None,
    variant: str | None,
    env: str | None,
    direct: bool,
    face: int | None,
    load_version: str | None,
    params: dict[str, Any],
    max_new_tokens: int,
    do_sample: bool,
    temperature: float | None,
    candidates: int | None,
    no_stream: bool,
) -> None:
    """Answer QUESTION about the face in the photograph FILE, or describe it.

    The answer goes to standard output; which way it came about, and which face it is about, to
    standard error.
    """
    from kedro.framework.session import KedroSession

    from faceinsight.answers.labels import drawn_caution
    from faceinsight.common.messages import require_version
    from faceinsight.inference.asking import CANDIDATES, answer_question

    if candidates is not None and not direct:
        raise click.UsageError("--candidates: only a direct answer is chosen; add --direct")
    candidates = candidates or CANDIDATES
    given = params | ({"variant": variant} if variant else {})
    session = KedroSession.create(env=env, runtime_params=given)
    with session:
        context = session.load_context()
        parameters = context.params
        catalog = context._get_catalog(
            load_versions={"model": load_version} if load_version else None
        )
        if load_version:
            require_version(catalog, "model", load_version, "--load-version")
        model = catalog.load("model")
    generate: dict[str, Any] = {"max_new_tokens": max_new_tokens}
    if do_sample or temperature is not None:
        generate["do_sample"] = True
    if temperature is not None:
        generate["temperature"] = temperature
    # Before anything that can fail: whoever is told to make a label map should know it is in vain.
    if caution := drawn_caution(model, file):
        click.echo(click.style(caution, fg="yellow"), err=True)
    streams = direct and candidates == 1 and not no_stream
    answer = answer_question(
        model,
        file,
        question,
        way="direct" if direct else "grounded",
        face=face,
        settings=parameters["predict"],
        candidates=candidates,
        on_text=_write if streams else None,
        **generate,
    )
    click.echo("" if streams else answer.text)
    click.echo(click.style(remarks(answer, question), dim=True), err=True)


def remarks(answer: PhotoAnswer, question: str | None) -> str:
    """One line on an answer: how it came about, about which face, and what it is not.

    Args:
        answer: the answer.
        question: as it was typed.
    """
    from faceinsight.answers.labels import CAUTION, label_words

    parts = {
        "grounded": "Grounded: the language model's words for the labels of the face, checked "
        "against them",
        "direct": "Direct: the model's own words for the picture",
        "template": "Template: written from the labels, since what the language model wrote "
        f"{_in_words(answer.reason)}",
    }
    told = [parts[answer.way]]
    if answer.way == "direct" and answer.reason:
        told.append(answer.reason)
    if answer.contradictions:
        against = ", ".join(dict.fromkeys(map(label_words, answer.contradictions)))
        told.append(f"its labels say otherwise of: {against}")
    if question and question.strip() != answer.asked:
        told.append(f'asked as "{answer.asked}"')
    largest = ", from left to right" if answer.faces > 1 else ""
    told.append(f"face {answer.face} of {answer.faces}{largest}")
    return f"{'; '.join(told)}. {CAUTION}"


def _in_words(reason: str) -> str:
    from faceinsight.answers.labels import label_words

    for said, told in (("contradicts ", "contradicts them"), ("speaks of ", "says what it cannot")):
        ids = reason.removeprefix(said)
        if ids != reason:
            return f"{told} ({', '.join(dict.fromkeys(map(label_words, ids.split(', '))))})"
    return reason


def _write(text: str) -> None:
    click.echo(text, nl=False)
