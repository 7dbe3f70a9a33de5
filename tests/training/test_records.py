"""What is written down about a training."""

from types import SimpleNamespace

from faceinsight.training.records import _best_validation


def test_validation_metrics_are_those_of_the_update_that_was_kept():
    history = [
        {"step": 2, "eval_accuracy": 0.5, "eval_celeba/attributes": 0.5},
        {"step": 4, "loss": 1.0},
        {"step": 4, "eval_accuracy": 0.8, "eval_celeba/attributes": 0.8, "eval_loss": 1.0},
    ]
    state = SimpleNamespace(log_history=history, best_global_step=4)
    assert _best_validation(state) == {"accuracy": 0.8, "celeba/attributes": 0.8}
