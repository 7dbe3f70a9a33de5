"""Logical rules over characteristics: language, proofs, loss (Eq. 9) and consistent labels."""
