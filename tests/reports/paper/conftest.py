"""Made-up results of a whole run, as the pipeline gives them."""

import pandas as pd
import pytest
import yaml

from faceinsight.evaluation.evaluate import evaluate
from faceinsight.evaluation.fairness import measure_fairness
from faceinsight.evaluation.recalibration import recalibrate
from faceinsight.evaluation.settings import EvaluationSettings, FairnessSettings
from faceinsight.evaluation.temperature import fit_temperatures
from faceinsight.method.rules.compiler import compile_rules
from faceinsight.pipelines.reports.nodes import draw_paper_figures
from faceinsight.reports.paper.components import measure_components
from faceinsight.reports.paper.panel import example_answers
from faceinsight.reports.paper.results import results_of, together
from faceinsight.reports.paper.tables import paper_table
from faceinsight.reports.settings import PaperSettings
from faceinsight.rivals.tables.same_faces import SAME_FACES_COLUMNS
from faceinsight.rivals.tables.scoring import COLUMNS as OTHERS_COLUMNS
from faceinsight.rivals.tables.scoring import WORD_COLUMNS
from tests.evaluation.fakes import fake_predictions

SIZES = {"celeba": 80, "maad": 30, "fairface": 90, "utkface": 40, "expw": 40, "rafdb": 20}
SKILLS = {"org": 0.5, "seg": 0.7, "corr": 0.9, "lgc": 1.2}
EVALUATION = EvaluationSettings(n_resamples=5)


@pytest.fixture(scope="session")
def whole_run(project_root, vocabulary):
    """Arguments of `render_page`."""
    rules = yaml.safe_load((project_root / "conf/base/rules.yml").read_text(encoding="utf-8"))
    rule_set = compile_rules(rules["rules"], vocabulary)
    predictions = {n: fake_predictions(vocabulary, SIZES, skill=s) for n, s in SKILLS.items()}
    full = predictions["lgc"]
    metrics = evaluate(full, vocabulary, rule_set, [0.3] * len(vocabulary), EVALUATION)
    results = together([results_of(metrics, "FaceInsight", "trained", "made up")])
    validation = fake_predictions(vocabulary, SIZES, seed=5, skill=1.2).assign(split="val")
    calibration = recalibrate(
        full, fit_temperatures(validation, vocabulary), vocabulary, EVALUATION
    )
    fairness = measure_fairness(full, vocabulary, EVALUATION, FairnessSettings(minimum=10))
    components = measure_components("celeba", predictions, vocabulary, EVALUATION)
    figures = draw_paper_figures(
        results,
        example_answers(predictions, vocabulary, rule_set, EVALUATION, PaperSettings()),
        *components,
        fairness.rates,
        fairness.gaps,
        {"compared": fairness.compared},
        calibration,
        PaperSettings(),
        FairnessSettings(named=8),
        EVALUATION,
    )
    return {
        "tables": {number: paper_table(number, results) for number in range(1, 6)},
        "figures": figures,
        "results": results,
        "others": pd.DataFrame(columns=list(OTHERS_COLUMNS)),
        "words": pd.DataFrame(columns=list(WORD_COLUMNS)),
        "same_faces": pd.DataFrame(columns=list(SAME_FACES_COLUMNS)),
        "gaps": fairness.gaps,
        "compared": fairness.compared,
        "minimum": 10,
        "named": 8,
        "calibration": calibration,
        "level": 0.95,
        "drawn": True,
    }
