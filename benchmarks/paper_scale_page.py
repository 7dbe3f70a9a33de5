"""The results of `paper_scale.py` as a section of docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

TRAINING_GOAL, SCORING_GOAL = 60, 65
"""Least share of the device's matrix rate in per cent, at 7B on one H100."""

COUNTING = (
    "Operations are counted as 4 x parameters x tokens for a training step (frozen weights need no "
    "gradient of their own) and 2 x parameters x tokens for scoring, of the language model's "
    "layers alone. Encoders, adapters, products inside attention and work that is done twice "
    "(gradient checkpointing) are not counted, so that shares are lower bounds. The matrix rate is "
    "the best of several shapes of one matrix product in the same run."
)

SHAPES = {
    "shallow": "Widths and tokens are those of 7B; the language models and LLaVA's tower have an "
    "eighth of the layers, our encoders a sixth, and the vocabulary has 4,096 entries. Here, too, "
    "matrix products take most of the time, and weights fit into no cache.",
    "small": "Tokens are those of 7B, widths and depths are not: what is no matrix product weighs "
    "more than at full size.",
}
"""What the shapes of a smaller scale keep of the full size."""


def section(results: Mapping[str, Any]) -> str:
    """Markdown of one results file."""
    facts, rows = results["facts"], results["measurements"]
    lines = [f"## Speed at scale {facts['scale']}: {facts['device']}", ""]
    lines += [machine(facts), "", "```", *facts["commands"], "```", ""]
    if model := rows.get("model"):
        lines += [f"{_model(model)} {SHAPES.get(facts['scale'], '')}".rstrip(), ""]
    lines += [COUNTING, ""]
    rate = matrix_rate(rows)
    if rate is not None:
        lines += [f"Matrix rate: {_tera(rate)}.", ""]
    goals = facts["scale"] == "7B"
    for kind, title, goal in (
        ("train", "Training step", TRAINING_GOAL),
        ("score", "Scoring", SCORING_GOAL),
    ):
        aim = f"; the goal is {goal} % of the matrix rate" if goals else ""
        lines += [f"### {title}{aim}", "", *_shares(rows, kind, rate), ""]
    lines += ["### Against Hugging Face's LLaVA-1.5", "", *_comparison(rows, goals), ""]
    lines += ["### What else was measured", "", *_else(rows), ""]
    return "\n".join(lines)


def machine(facts: Mapping[str, Any]) -> str:
    """The machine, the clock and the versions in a sentence or two."""
    words = [facts["device"]]
    if "memory_gib" in facts:
        words.append(f"{facts['memory_gib']} GiB of memory, CUDA {facts['cuda']}")
    else:
        words.append(f"{facts['threads']} of {facts['cores']} cores")
    words += [f"Python {facts['python']}", facts["dtype"]]
    words += [f"{name} {version}" for name, version in facts["packages"].items()]
    text = ", ".join(words) + "."
    if "load_average" in facts:
        text += " Times are processor time"
        if facts["load_average"] > facts["cores"] / 2:
            text += (
                f", taken on a busy machine (load average {facts['load_average']}): other work "
                "took memory bandwidth and cache, so that rates are lower than on an idle one"
            )
        text += "."
    return text


def matrix_rate(rows: Mapping[str, Any]) -> float | None:
    """The best rate of any matrix product in the run, in operations a second."""
    rates = [r["flops"] for r in rows.values() if r.get("kind") == "rate"]
    return max(rates, default=None)


def fastest(rows: Mapping[str, Any], kind: str, **having: Any) -> dict[str, Any] | None:
    """The measurement of a kind with the most images a second, or None."""
    found = [
        r
        for r in rows.values()
        if r.get("kind") == kind and all(r.get(name) == value for name, value in having.items())
    ]
    return max(found, key=lambda r: r["images_per_second"], default=None)


def as_used(rows: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    """The fastest measurement of our own model as it is used: nothing left out or approximated."""
    usual: tuple[dict[str, str], ...] = (
        {},
        {"compiled": "layers"},
        {"checkpointing": "all layers"},
    )
    found = [fastest(rows, kind, variation=variation) for variation in usual]
    return max((r for r in found if r), key=lambda r: r["images_per_second"], default=None)


def _model(model: Mapping[str, Any]) -> str:
    if model["status"] != "ok":
        return f"The model was not built: {model['status']}."
    return (
        f"FaceInsight with {model['parameters'] / 1e9:.2f} billion parameters, "
        f"{model['trained_parameters'] / 1e6:.1f} million of them trained; a sequence of "
        f"{model['tokens']} tokens, {model['text_tokens']} of them text and "
        f"{model['characteristics']} characteristics. Without LoRA a saved model takes "
        f"{model['saved_mb']:.0f} MB."
    )


def _shares(rows: Mapping[str, Any], kind: str, rate: float | None) -> Iterator[str]:
    yield "| what | images/s | rate | share of the matrix rate | peak memory |"
    yield "|---|---|---|---|---|"
    for name, row in rows.items():
        if not name.startswith(f"{kind},"):
            continue
        if row["status"] != "ok":
            yield f"| {name} | {row['status']} | | | |"
            continue
        share = "" if rate is None else f"{100 * row['flops'] / rate:.0f} %"
        memory = "" if row["peak_gib"] is None else f"{row['peak_gib']:.1f} GiB"
        images = _number(row["images_per_second"])
        yield f"| {name} | {images} | {_tera(row['flops'])} | {share} | {memory} |"


def _comparison(rows: Mapping[str, Any], goals: bool) -> Iterator[str]:
    ours = as_used(rows, "score")
    if ours is None:
        yield "Scoring was not measured."
        return
    yield (
        f"Scoring: {_number(ours['images_per_second'])} images/s (batch {ours['batch']}"
        f"{', layers compiled' if ours['variation'] else ''}). LLaVA has random weights of the "
        "same language model. 576 image tokens are its own vision tower's; 196 are as many as ours."
    )
    yield ""
    yield "| LLaVA | image tokens | images/s | scoring is faster by |" + " goal |" * goals
    yield "|---|---|---|---|" + "---|" * goals
    for title, row, goal in _baselines(rows):
        if row is None:
            yield f"| {title} | | not measured | |" + " |" * goals
            continue
        ratio = ours["images_per_second"] / row["images_per_second"]
        if row.get("extrapolated"):
            title += f" (from one pass of {row['batch']} of 82)"
        elif row["batch"] > 1:
            title += f" ({row['batch']} at a time)"
        cells = [title, str(row["image_tokens"]), _number(row["images_per_second"])]
        cells += [f"{_number(ratio)} times", *([goal] if goals else [])]
        yield f"| {' | '.join(cells)} |"


def _baselines(rows: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any] | None, str]]:
    generating = "100 tokens, greedily"
    plain: dict[str, Any] = {"variation": {}}
    own, few = {"image_tokens": 576}, {"image_tokens": 196}
    one = fastest(rows, "generate", batch=1, **own, **plain)
    yield f"{generating}, one photograph at a time", one, "20 times"
    yield f"{generating}, best batch", fastest(rows, "generate", **own, **plain), "3 times"
    yield f"{generating}, best batch", fastest(rows, "generate", **few, **plain), ""
    static = fastest(rows, "generate", variation={"cache": "static"})
    if static:
        yield f"{generating}, static cache", static, ""
    single = fastest(rows, "questions", batch=1, **plain)
    yield "a question a characteristic, one at a time", single, "20 times"
    batched = [
        r
        for r in rows.values()
        if r.get("kind") == "questions" and r["batch"] > 1 and not r["variation"]
    ]
    best = max(batched, key=lambda r: r["images_per_second"], default=None)
    yield "a question a characteristic, in batches", best, "20 times"
    once = fastest(rows, "questions", variation={"photograph": "once"})
    yield "a question a characteristic, the photograph's keys and values kept", once, ""


def _else(rows: Mapping[str, Any]) -> Iterator[str]:
    ours, training = as_used(rows, "score"), as_used(rows, "train")
    encoders = fastest(rows, "encoders")
    if encoders and ours:
        shares = [f"{_share(ours, encoders)} of scoring"]
        if training:
            shares.append(f"{_share(training, encoders)} of a training step")
        yield (
            f"- Both vision encoders take {' and '.join(shares)}: that is all that keeping their "
            "outputs could save."
        )
    loading = rows.get("loading", {})
    if loading.get("status") == "ok":
        by_workers = ", ".join(
            f"{_number(rate)} with {n}" for n, rate in loading["workers"].items()
        )
        yield (
            f"- Photographs ({loading['photographs']}) decoded, cut and put together with their "
            f"maps: images/s by worker processes: {by_workers}."
        )
    parser = rows.get("parser network", {})
    if parser.get("status") == "ok":
        yield (
            "- The network of pyfacer's parser with random weights: "
            f"{_number(parser['images_per_second'])} images/s, without finding faces, reading and "
            "storing."
        )


def _share(step: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    return f"{100 * step['images_per_second'] / part['images_per_second']:.1f} %"


def _tera(rate: float) -> str:
    return f"{rate / 1e12:.0f} TFLOP/s" if rate >= 1e13 else f"{rate / 1e9:.0f} GFLOP/s"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
