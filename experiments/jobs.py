"""What the node `train_model` would train, for scripts that change one thing of it."""

from __future__ import annotations

from faceinsight.answers.lexicon import Lexicon
from faceinsight.answers.settings import LexiconSettings
from faceinsight.data.registry import DATA_SETS
from faceinsight.method.variants import Variant
from faceinsight.model.settings import ModelSettings
from faceinsight.training.loop import TrainingJob
from faceinsight.training.settings import TrainingSettings
from runner import Project


def job_of(project: Project, variant: str, seed: int) -> TrainingJob:
    """A variant of the ablation with this seed, in one process, on all crops of the project."""
    vocabulary, rule_set, prior, features = project.load(
        "vocabulary", "rule_set", "prior", "text_features"
    )
    model, training, answers, variants = project.load(
        "params:model", "params:training", "params:answers", "params:variants"
    )
    crops = project.load(*(f"{name}.crops" for name in DATA_SETS))
    settings = TrainingSettings.model_validate(training)
    return TrainingJob(
        variant=Variant.model_validate(variants[variant]),
        model=ModelSettings.model_validate(model),
        training=settings.model_copy(update={"seed": seed, "processes": 1}),
        vocabulary=vocabulary,
        rule_set=rule_set,
        adjacency=prior["adjacency"],
        text_features=features["features"] if features["features"].size else None,
        crops=dict(zip(DATA_SETS, crops, strict=True)),
        weights={},
        lexicon=Lexicon.from_config(LexiconSettings.model_validate(answers), vocabulary),
    )
