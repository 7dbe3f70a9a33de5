"""FaceXBench: multiple-choice questions about faces (Narayan et al. 2025), read, asked, scored.

Its 5,000 questions on 1 to 6 pictures each lie in 48 JSON files with their pictures beside them, in
the folder `benchmark` of github.com/Kartik-3004/facexbench. The layout was checked against files of
that folder, the prompt against its `evaluate.py` and the scoring against its
`aggregate_results.py`; the pictures, and results that others published, were not.
"""
