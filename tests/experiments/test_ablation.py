"""The page of the ablation over seeds, from predictions that are made up."""

import pytest

import ablation
from ablation import FOUR
from faceinsight.evaluation.paired import PairedRuns
from faceinsight.evaluation.settings import EvaluationSettings
from tests.evaluation.fakes import FakeRules, fake_predictions, small_vocabulary

SKILLS = dict(zip(FOUR, (0.4, 0.8, 0.8, 1.2), strict=True))


def tables(seed):
    sizes = {"one": 80, "two": 60, "three": 0}
    return {
        name: fake_predictions(small_vocabulary(), sizes, skill=skill + seed / 1000)
        for name, skill in SKILLS.items()
    }


@pytest.fixture(scope="module")
def runs():
    by_seed = [tables(seed) for seed in (1, 2, 3)]
    vocabulary = small_vocabulary()
    return PairedRuns(
        {name: [of[name] for of in by_seed] for name in FOUR},
        vocabulary,
        EvaluationSettings(n_resamples=50),
        FakeRules(vocabulary),
    )


def test_page_counts_gains_and_leads_to_the_analysis(runs, tmp_path):
    out = tmp_path / "ablation.md"
    assert "(ablation_analysis.md)" not in ablation.analysis_of(out)
    (tmp_path / "ablation_analysis.md").write_text("by hand")
    analysis = ablation.analysis_of(out)
    assert "(ablation_analysis.md)" in analysis
    page = "\n".join(ablation.render(runs, ["Made up."], analysis))
    assert analysis in page
    assert "| org to +lgc | 6 | 6 | 0 | 0 |" in page
    assert "| +seg to +corr | 0 | 0 | 0 | 0 |" in page  # of equal skill: the same predictions
    assert "nan" not in page
