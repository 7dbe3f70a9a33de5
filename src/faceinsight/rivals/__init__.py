"""Rivals: other models and systems, measured by the code that measures our own.

A vision-language model sees the part of the photograph that our models see, at the photograph's own
resolution, is asked in words, and answers in words or by how likely it holds each answer to be; as
it is, or fine-tuned. Its answers become a table of predictions in the form of our models'.

    settings          the nine rivals and how they are asked, typed
    questions         what is asked of a face
    naming            what a rival is called; a name says where the weights are not the model's own
    faces             which faces, and the picture of each
    store             answers on disk, none of which is asked for twice
    local, prefix     way in: transformers, in this process
    server, retries   way in: any server that speaks OpenAI's protocol
    inference         everything that is missing, asked
    reading           answers to predictions, and a tally of what could not be read
    record            whose metrics these are, also as text for a terminal
    finetuning        LoRA on our training images
    tables            systems that are known by tables of their answers
    facexbench        FaceXBench's questions, answered by a model of ours
"""
