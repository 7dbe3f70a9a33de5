"""FaceXBench: multiple-choice questions about faces (Narayan et al. 2025), answered and scored.

Its 5,000 questions on 1 to 6 pictures each lie in 48 JSON files with their pictures beside them, in
the folder `benchmark` of github.com/Kartik-3004/facexbench. The layout was checked against files of
that folder, the scoring against its `aggregate_results.py`; the pictures, and results that others
published, were not.

    questions     its files, and results in the same layout
    answers       the questions answered from the probabilities of a model of ours
    scoring       what a reply chooses, and accuracy by category, as its own script has them
"""
