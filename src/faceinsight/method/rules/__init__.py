"""Logical rules over characteristics: language, compiler, proofs, consistent labels.

What a mistake in `conf/*/rules.yml` becomes, each a `RuleError` of one sentence that quotes the
rule: what the compiler notices before anything runs (`pipelines.trial`), what takes a proof in the
node `prove_rules`.

| mistake | noticed by |
|---|---|
| an unknown key, no reason, a slip in a rule that is left out | `compiler.compile_rules` |
| what cannot be read, an id that is no characteristic | `language.parse` |
| a rule that no face, or every face, breaks | `compiler.RuleSet` |
| rules that contradict each other or follow from others; what no face can have | `proofs.prove` |

`pipelines/command.py` prints it and ends the run. The loss over rules (Eq. 9) is `method.losses`.
"""
