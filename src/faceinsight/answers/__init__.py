"""Answers in words: written from labels, and read back into labels.

    lexicon = Lexicon.from_config(config, vocabulary)          # conf/*/characteristics.yml
    for question in questions(lexicon): ...
    answer = write_answer(question, labels, lexicon, seed=7)
    parsed = AnswerParser(lexicon).parse("She is young, no glasses.")

The words of characteristics stand in `conf/*/characteristics.yml`, those between them, and how far
a negation reaches, in `grammar.yml`. Pure Python: neither torch nor pandas is imported. The table
of English takes a second to compile when the parser is first imported.

    settings, lexicon   the configured words, for one vocabulary
    wording, writer     answers written from labels
    labels, grounding   labels in plain words; how a text stands to them
    questions           what the project asks
    recognition         what somebody else asks, in any words

A reply is read in this order:

    replies     the form that a model gives it is taken off
    choices     a letter that it picks
    words       words in normal form
    clauses     the stretches within which a negation can reach
    meanings    phrases of the lexicon among them
    negation    what is denied, missing, or left open
    binding     which part a quality belongs to
    ages        years in words and numbers
    statements  what one clause claims
    verdicts    a yes or a no by itself
    claims      all of it put together
    parser      the whole
"""
