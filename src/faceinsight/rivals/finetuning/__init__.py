"""Rivals, fine-tuned: LoRA on another vision-language model, per task, on our training images.

A rival that transformers has a native class for is asked about each training face what it is asked
as a rival (`faceinsight.rivals`), and learns a templated answer. A grid of learning rates is
searched; validation accuracy alone decides. What comes out is an adapter for each task, which is
then asked and measured as the untuned rival is.

    settings      the grid and LLaVA's LoRA recipe, typed
    examples      training faces, questions, and the answers that are right
    collator      examples to batches in which only the answer is learnt
    adapters      LoRA beside the language model's linear layers
    training      one point of the grid, and its accuracy on validation faces
    grid          all points, of which the best is kept; none is trained twice
    tuned         the adapters that came out, and the rival asked with them
"""
