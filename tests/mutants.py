"""Faults made on purpose, to see that the suite finds them: `make mutants`.

Each is one small change of the source, in a copy; the tests named must fail with it. A fault that
survives is a hole in the suite, and one whose text is no longer found must be written anew.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas  # noqa: F401
import pytest
import scipy.stats  # noqa: F401
import torch_geometric.nn  # noqa: F401
import transformers.trainer  # noqa: F401

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        what: the fault in words.
        file: below `src/faceinsight`.
        right: the text that is there, once.
        wrong: what takes its place.
        tests: files or folders below `tests` that must find it.
    """

    what: str
    file: str
    right: str
    wrong: str
    tests: str


PRIOR = "method/test_prior.py"
GEOMETRY = "data/test_geometry.py"
MUTANTS = (
    Mutant(
        "Eq. 5 conditions on the other characteristic",
        "method/prior.py",
        "counts.pairs / counts.given\n",
        "counts.pairs / counts.given.T\n",
        PRIOR,
    ),
    Mutant(
        "Eq. 5 counts unknown labels",
        "method/prior.py",
        "np.greater_equal(rows, 0,",
        "np.greater_equal(rows, -1,",
        PRIOR,
    ),
    Mutant(
        "Eq. 6 the other way", "method/prior.py", "conditional >= tau", "conditional <= tau", PRIOR
    ),
    Mutant(
        "Eq. 6 misses tau itself",
        "method/prior.py",
        "conditional >= tau",
        "conditional > tau",
        PRIOR,
    ),
    Mutant(
        "Eq. 7 with a flipped sign", "method/prior.py", "1 - omega, 1.0", "1 + omega, 1.0", PRIOR
    ),
    Mutant(
        "Eq. 7 loses who has no neighbours",
        "method/prior.py",
        "np.where(degree > 0, 1 - omega, 1.0)",
        "np.where(degree > 0, 1 - omega, 1 - omega)",
        PRIOR,
    ),
    Mutant(
        "Eq. 7 counts the diagonal as a neighbour",
        "method/prior.py",
        "edges & ~np.eye(len(edges), dtype=bool)",
        "edges",
        PRIOR,
    ),
    Mutant(
        "Eq. 8 over the transposed adjacency",
        "method/gcn.py",
        "np.stack([heard, listener])",
        "np.stack([listener, heard])",
        "method/test_gcn.py",
    ),
    Mutant(
        "Eq. 8 without T^0",
        "method/gcn.py",
        "return features + refined",
        "return refined",
        "method/test_gcn.py",
    ),
    Mutant(
        "Eq. 3 counts unknown labels",
        "method/losses.py",
        "torch.where(known, terms, 0.0).sum()",
        "terms.sum()",
        "method/test_losses.py",
    ),
    Mutant(
        "Eq. 3 averaged over labels",
        "method/losses.py",
        "max(len(logits), 1)",
        "max(int(known.sum()), 1)",
        "method/test_losses.py",
    ),
    Mutant(
        "Eq. 9 with presence and absence swapped",
        "method/losses.py",
        "k * ~rules.literal_present",
        "k * rules.literal_present",
        "method/test_logical_loss.py",
    ),
    Mutant(
        "Eq. 9 averaged over rules",
        "method/losses.py",
        "self.violation_probability(logits).sum(1).mean()",
        "self.violation_probability(logits).mean()",
        "method/test_logical_loss.py",
    ),
    Mutant(
        "decoding takes the least probable labels",
        "method/rules/decode.py",
        "good = total >= total.max(axis=1, keepdims=True) - _TIE",
        "good = total <= total.min(axis=1, keepdims=True) + _TIE",
        "method/rules/test_decode.py",
    ),
    Mutant(
        "decoding forgets what breaks a rule",
        "method/rules/decode.py",
        "found = found[(found[:, at] != literals).any(axis=1)]",
        "pass",
        "method/rules/test_decode.py",
    ),
    Mutant(
        "a component falls apart",
        "method/rules/compiler.py",
        "            for column in rule.columns[1:]:",
        "            for column in rule.columns[2:]:",
        "method/rules",
    ),
    Mutant(
        "an exclusion becomes an implication",
        "method/rules/compiler.py",
        "self.truth(np.asarray(present, dtype=np.bool_).astype(np.int8)) == 0",
        "self.truth(np.asarray(present, dtype=np.bool_).astype(np.int8)) != 0",
        "method/rules",
    ),
    Mutant(
        "unknown labels read as absent",
        "method/labels.py",
        "na_value=UNKNOWN",
        "na_value=0",
        "method/test_labels.py",
    ),
    Mutant(
        "yes and no swapped in the read-out",
        "model/modeling.py",
        "direction = head.weight[yes].float() - head.weight[no].float()",
        "direction = head.weight[no].float() - head.weight[yes].float()",
        "model/test_modeling.py",
    ),
    Mutant(
        "logits left in another order of the characteristics",
        "model/modeling.py",
        "logits = logits[:, order.argsort()]",
        "logits = logits[:, order]",
        "inference/test_split_scores.py",
    ),
    Mutant(
        "a shifted box",
        "data/geometry.py",
        "max((first + stop - side) / 2, 0.0)",
        "max((first + stop - side) / 2 + 1, 0.0)",
        GEOMETRY,
    ),
    Mutant(
        "a margin on one side", "data/geometry.py", "(1 + 2 * margin)", "(1 + margin)", GEOMETRY
    ),
    Mutant(
        "maps mixed between classes",
        "data/geometry.py",
        "return _cut(label_map, square, size, Image.Resampling.NEAREST)",
        "return _cut(label_map, square, size, Image.Resampling.BICUBIC)",
        GEOMETRY,
    ),
    Mutant(
        "left and right kept in a mirror",
        "data/geometry.py",
        "return mirrored, FLIP_CLASSES[maps[..., ::-1]]",
        "return mirrored, maps[..., ::-1]",
        GEOMETRY,
    ),
    Mutant(
        "a map that stays where its photograph moves",
        "data/augmentation.py",
        "maps[batch, *at]",
        "maps",
        "data/test_augmentation.py",
    ),
    Mutant(
        "test faces in the training split",
        "data/dataset.py",
        "== split)",
        '!= "val")',
        "data inference/test_split_scores.py",
    ),
    Mutant(
        "an identity in two splits",
        "data/splits.py",
        "codes[rows])\n\n\ndef as_parts",
        "np.roll(codes[rows], 1))\n\n\ndef as_parts",
        "data",
    ),
    Mutant(
        "two classes swapped by the parser's names",
        "data/parsing/parser.py",
        '"lr": "left_ear"',
        '"lr": "right_ear"',
        "data/parsing",
    ),
    Mutant(
        "weights of data sets unheeded",
        "data/sampling.py",
        "epoch_shares(sizes, weights, temperature,",
        "epoch_shares(sizes, [1.0] * len(sizes), temperature,",
        "data/test_sampling.py",
    ),
    Mutant(
        "the least probable class of a group",
        "evaluation/tasks.py",
        "probabilities.argmax(axis=1)",
        "probabilities.argmin(axis=1)",
        "evaluation",
    ),
    Mutant(
        "temperature multiplies",
        "evaluation/temperature.py",
        "expit(log_odds(probabilities) / temperature)",
        "expit(log_odds(probabilities) * temperature)",
        "evaluation/test_temperature.py",
    ),
)


def is_caught(mutant: Mutant, copy: Path) -> bool:
    """Whether the tests named fail with the fault in a copy of the source.

    Raises:
        ValueError: the text to change is not there, or not once.
    """
    path = copy / "faceinsight" / mutant.file
    before = path.read_text(encoding="utf-8")
    if before.count(mutant.right) != 1:
        raise ValueError(f"{mutant.file} has {before.count(mutant.right)} of: {mutant.right}")
    path.write_text(before.replace(mutant.right, mutant.wrong), encoding="utf-8")
    try:
        code, told = run([f"tests/{t}" for t in mutant.tests.split()], copy)
    finally:
        path.write_text(before, encoding="utf-8")
    if code not in (0, 1):
        raise ValueError(f"the tests of '{mutant.what}' cannot be run:\n{told[-2000:]}")
    return code == 1


def run(tests: list[str], source: Path) -> tuple[int, str]:
    """pytest's exit code and output, for a source; in a fork, which need not import PyTorch."""
    with tempfile.TemporaryFile("w+") as output:
        if (child := os.fork()) == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            os.chdir(ROOT)
            sys.path.insert(0, str(source))
            sys.dont_write_bytecode = True
            os.environ |= {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
            os._exit(pytest.main(["-x", "-q", *tests]))
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(status), output.read()


def main() -> int:
    """Try every fault whose words hold the text given; the number of survivors is the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", nargs="?", default="", help="only faults that are called so")
    chosen = [m for m in MUTANTS if parser.parse_args().text in m.what]
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "src/faceinsight", copy / "faceinsight")
        for mutant in chosen:
            caught = is_caught(mutant, copy)
            survivors += not caught
            print(
                f"{'caught  ' if caught else 'SURVIVES'}  {mutant.what} ({mutant.file})", flush=True
            )
    print(f"{len(chosen) - survivors} of {len(chosen)} faults are caught.")
    return survivors


if __name__ == "__main__":
    sys.exit(main())
