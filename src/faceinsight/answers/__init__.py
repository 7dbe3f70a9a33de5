"""Answers in words: written from labels, and read back into labels."""
