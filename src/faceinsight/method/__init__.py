"""The paper at a glance, an equation a file, and what goes beyond it.

| what | file |
|---|---|
| the vocabulary of characteristics | `characteristics` |
| correlation prior (Eq. 5 to 7) | `prior` |
| graph network over the text features (Eq. 8) | `gcn` |
| losses (Eq. 3, 4 and 9) | `losses` |
| rules: language, compiler, proofs, decoding | `rules` |
| the ablation's variants | `variants` |

The network itself (Eq. 1 and 2) is `faceinsight.model`.
"""
