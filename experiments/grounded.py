"""Do the language model's own words hold? Questions about faces, answered from their labels.

Grounded answers need labels and no picture, so that a frozen language model is measured here
without a trained network: the labels are CelebA's annotations, made consistent with the rules, of
faces drawn from a split; sensitive ones are left out, as everywhere. Each face is asked one
question, of the kinds and as often as in training. The model answers as `ask` lets it, greedily,
and what it says is read back by the parser.

    python experiments/grounded.py --raw FOLDER --gguf SmolLM2-135M-Instruct.Q4_1.gguf \\
        --answers experiments/grounded.csv --out docs/grounded.md

The answers stand in a CSV file. One that is there already is only read, so that whoever reads the
first answers by eye writes what they find into its columns `verdict` and `remark`, and the page is
made with it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import binomtest

from faceinsight.answers.grounding import on_topic, unfounded
from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.parser import AnswerParser
from faceinsight.answers.questions import Question, questions
from faceinsight.data.readers import celeba
from faceinsight.data.splits import SeededSplit
from faceinsight.inference.answer import MOST_TOKENS
from faceinsight.method.labels import label_matrix
from faceinsight.method.rules.decode import decode
from faceinsight.model.grounded import answer_from_labels
from faceinsight.model.pretrained import load_language_model, load_tokenizer
from faceinsight.pipelines.ingestion.nodes import build_vocabulary
from faceinsight.pipelines.rules.nodes import compile_rules
from faceinsight.training.answers import KINDS
from page import table, write
from runner import commit_of_code, open_catalog

READ = 50
"""So many answers, the first ones, are read by eye."""

VERDICTS = ("holds and reads well", "holds but clumsy", "wrong")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--env", default="compact", help="whose words and rules")
    parser.add_argument("--raw", type=Path, help="data sets of your own, CelebA among them")
    parser.add_argument("--pretrained", help="folder or hub name; the environment's by default")
    parser.add_argument("--gguf", type=Path, help="of the language model, a local file")
    parser.add_argument("--split", default="test", choices=("train", "val", "test"))
    parser.add_argument("--count", type=int, default=200, help="faces, each asked one question")
    parser.add_argument("--seed", type=int, default=0, help="of faces and questions")
    parser.add_argument("--answers", type=Path, required=True, help="a CSV file")
    parser.add_argument("--out", type=Path, help="a Markdown file for the result")
    args = parser.parse_args()
    if not args.answers.exists():
        ask(args).to_csv(args.answers, index=False)
    write(render(pd.read_csv(args.answers, keep_default_na=False)), args.out)


def ask(args: argparse.Namespace) -> pd.DataFrame:
    """A row an answer; all that the page needs."""
    load = open_catalog(args.env, {}).load
    written, rules, words = map(load, ("params:vocabulary", "params:rules", "params:answers"))
    vocabulary = build_vocabulary(written)
    lexicon = Lexicon.from_config(words, vocabulary)
    rows = celeba.read(args.raw / "celeba", vocabulary, SeededSplit()).table
    rng = np.random.default_rng(args.seed)
    drawn = rng.permutation(np.flatnonzero(rows["split"] == args.split))[: args.count]
    annotated = label_matrix(rows.iloc[drawn], vocabulary)
    # Of an annotated label the log-odds are 1 or -1; of any other, 0, so that the rules decide.
    odds = np.where(annotated < 0, 0, 2 * annotated - 1)
    labels = decode(odds, compile_rules(rules, vocabulary, written))
    known = [id_ for id_ in vocabulary.ids if id_ not in vocabulary.sensitive]
    faces = [{id_: bool(face[vocabulary.index[id_]]) for id_ in known} for face in labels]
    given = load("params:model").language_model.pretrained
    name = args.pretrained or (str(args.gguf.parent) if args.gguf else given)
    speaker = speaking(name, args.gguf)
    parser = AnswerParser(lexicon)
    asked = drawn_questions(questions(lexicon), faces, rng)
    made = []
    for number, (face, question) in enumerate(zip(faces, asked, strict=True), 1):
        start = time.process_time()
        answer = answer_from_labels(
            speaker, face, question, lexicon, parser, max_new_tokens=MOST_TOKENS, do_sample=False
        )
        said = parser.parse(answer.text, question)
        held = (
            not parser.contradicted(answer.text, face, question)
            and not unfounded(answer.text, question, face, parser)
            and on_topic(said.labels, question)
        )
        made.append(
            {
                "kind": question.kind,
                "question": question.text,
                "facts": " / ".join(answer.facts),
                "answer": answer.text,
                "way": answer.way,
                "reason": answer.reason,
                "attempts": answer.attempts,
                "holds": held,
                "seconds": round(time.process_time() - start, 2),
                "verdict": "",
                "remark": "",
            }
        )
        print(f"{number}: {answer.way} {answer.text} {answer.reason}", flush=True)
    what = args.gguf.name if args.gguf else name
    return pd.DataFrame(made).assign(
        made=f"{what}, {args.split}, seed {args.seed}, commit {commit_of_code()}"
    )


def speaking(name: str, gguf: Path | None) -> Any:
    """A language model as `FaceInsightModel` holds it, without the rest."""
    file = None if gguf is None else str(gguf)
    return SimpleNamespace(
        language_model=load_language_model("language_model", name, gguf=file),
        tokenizer=load_tokenizer("language_model", name, gguf=file),
        device=torch.device("cpu"),
        config=SimpleNamespace(language_model={"pretrained": name}),
    )


def drawn_questions(
    known: Sequence[Question], faces: Sequence[dict[str, bool]], rng: np.random.Generator
) -> list[Question]:
    """A question a face, of the kinds of training, about what something is known of."""
    of_kind = {
        kind: [q for q in known if q.kind == kind and not faces[0].keys().isdisjoint(q.about)]
        for kind in KINDS
    }
    kinds = rng.choice(list(KINDS), len(faces), p=list(KINDS.values()))
    return [of_kind[kind][rng.integers(len(of_kind[kind]))] for kind in kinds]


def render(answers: pd.DataFrame) -> list[str]:
    """The result as lines of Markdown."""
    own = (answers["way"] == "grounded") & answers["holds"]
    model, split, seed, commit = answers["made"].iloc[0].split(", ")
    read = answers[:READ]
    verdicts = read["verdict"].value_counts()
    if unknown := sorted(set(verdicts.index) - {"", *VERDICTS}):
        raise SystemExit(f"verdict: '{unknown[0]}' is none of {', '.join(VERDICTS)}")
    remarked = read["verdict"].where(read["remark"] == "", read["verdict"] + ": " + read["remark"])
    columns = ["question", "facts", "answer", "way", "verdict"]
    shown = read.assign(verdict=remarked)[columns].to_numpy(str).tolist()
    kinds = [(kind, answers["kind"] == kind) for kind in sorted(set(answers["kind"]))]
    kinds.append(("all", answers["kind"] != ""))
    return [
        "# Grounded answers, measured",
        "",
        f"Made by `experiments/grounded.py`, which writes it anew, with {model} and code of "
        f"{commit}.",
        "",
        f"{len(answers)} faces of CelebA's {split} part, drawn with {seed}, were asked one "
        "question each, of the kinds and as often as in training. No network looked at them: their "
        "labels are CelebA's annotations, made consistent with the rules, sensitive ones left out. "
        "From these the language model answered as in `faceinsight ask`, greedily, with up to "
        f"{MOST_TOKENS} tokens a sentence.",
        "",
        "A sentence holds that states each of its facts once, contradicts no label and has no "
        "word that neither a label nor plain English accounts for, as the parser reads it. What "
        "does not hold is written again in eight ways; what still does not is left out of a "
        "description, and makes any other answer a template's. “Own” are answers of which the "
        "language model wrote every sentence, and which hold; “hold” are all that were handed "
        "out, the template's among them, that contradict no label, speak of nothing unknown, and "
        "speak of what was asked. Shares are in per cent, with Wilson's 95 % intervals; seconds "
        "are those of one core for an answer in the middle (median).",
        "",
        *table(
            ["question", "answers", "own", "hold", "wrote twice", "left a sentence out", "seconds"],
            [_row(kind, answers.loc[rows], own[rows]) for kind, rows in kinds],
        ),
        "",
        f"## {len(read)} of them, read by eye",
        "",
        f"These are the first {len(read)}, read one by one by a single reader: no person, but the "
        "AI assistant that had written the check, with the facts before it. What it found: "
        + "; ".join(f"{verdict}: {verdicts.get(verdict, 0)}" for verdict in VERDICTS)
        + ". Wrong is what says to a reader what the facts do not, also where the parser reads it "
        "otherwise.",
        "",
        *table(
            ["", "question", "facts", "answer", "way", "read"],
            ([str(number), *row] for number, row in enumerate(shown, 1)),
        ),
    ]


def _row(kind: str, of: pd.DataFrame, own: pd.Series) -> list[str]:
    left_out = (of["way"] == "grounded") & (of["reason"] != "")
    return [
        kind,
        str(len(of)),
        _share(own),
        _share(of["holds"]),
        f"{100 * (of['attempts'] == 2).mean():.0f}",
        f"{100 * left_out.mean():.0f}",
        f"{of['seconds'].median():.1f}",
    ]


def _share(of: pd.Series) -> str:
    low, high = binomtest(int(of.sum()), len(of)).proportion_ci(method="wilson")
    return f"{100 * of.mean():.1f} [{100 * low:.1f}, {100 * high:.1f}]"


if __name__ == "__main__":
    main()
