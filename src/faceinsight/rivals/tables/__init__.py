"""Other systems, measured by tables of their answers: no code or weights of theirs is needed."""
