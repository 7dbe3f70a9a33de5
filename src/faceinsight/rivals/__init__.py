"""Rivals, training-free: other vision-language models, asked the tasks' questions.

A rival sees the part of the photograph that our models see, at the photograph's own resolution, is
asked in words, and answers in words or by how likely it holds each answer to be. Its answers become
a table of predictions in the form of our models', so both are measured by the same code.

    settings      the nine rivals and how they are asked, typed
    questions     what is asked of a face
    naming        what a rival is called; a name says where the weights are not the model's own
    faces         which faces, and the picture of each
    store         answers on disk, none of which is asked for twice
    local         way in: transformers, in this process
    server        way in: any server that speaks OpenAI's protocol
    patience      retries with back-off, and a limit on rate
    asking        everything that is missing, asked
    reading       answers to predictions, and a tally of what could not be read
"""
