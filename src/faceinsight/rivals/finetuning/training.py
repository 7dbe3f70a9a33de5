"""One point of the grid: LoRA trained by Hugging Face's Trainer, stopped by validation accuracy."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from peft.utils import CONFIG_NAME, SAFETENSORS_WEIGHTS_NAME
from transformers import Trainer, TrainerCallback, set_seed
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from transformers.utils import logging as transformers_logging

from faceinsight.errors import PhotographError
from faceinsight.evaluation.tasks import task_accuracies
from faceinsight.method.characteristics import Vocabulary
from faceinsight.rivals.finetuning.adapters import add_adapter, save_adapter
from faceinsight.rivals.finetuning.collator import AnswerCollator
from faceinsight.rivals.finetuning.examples import Example, Sample, TunedTask
from faceinsight.rivals.finetuning.settings import FinetuningSettings, Point
from faceinsight.rivals.local import LocalRival
from faceinsight.rivals.reading import Reader
from faceinsight.training.arguments import trainer_arguments
from faceinsight.training.callbacks import ImagesProgress, StopWithoutProgress, WholeCheckpoints
from faceinsight.training.checkpoints import CHECKPOINTS, last_complete_checkpoint
from faceinsight.training.records import learning_curve

logger = logging.getLogger(__name__)

ADAPTER = "adapter"
_KEPT = 2


class EvaluateLast(TrainerCallback):
    """Take the validation accuracy of the last step as well, wherever the steps end."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask for it."""
        if state.global_step >= state.max_steps:
            control.should_evaluate = True


class RivalTrainer(Trainer):
    """Trainer of an adapter, with an accuracy in place of an evaluation loss.

    Checkpoints hold the adapter and what training needs to go on, and are whole or absent.
    """

    model: Any

    def __init__(self, *, validate: Callable[[Any], float], progress: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._validate = validate
        self.remove_callback(PrinterCallback)
        self.remove_callback(ProgressCallback)
        self.add_callback(EvaluateLast())
        self.add_callback(WholeCheckpoints(_KEPT))
        self.add_callback(ImagesProgress(progress))

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Validation accuracy, logged and told to callbacks as Trainer's own evaluation is."""
        metrics = {"eval_accuracy": self._validate(self.model.get_base_model())}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Save the adapter alone: Trainer's own would add a pickle, and ask the hub about it."""
        save_adapter(self.model, Path(output_dir or str(self.args.output_dir)))


def train_point(
    model: Any,
    point: Point,
    settings: FinetuningSettings,
    examples: list[Example],
    collator: AnswerCollator,
    validate: Callable[[Any], float],
    work: Path,
    *,
    checkpoint: str,
    label: str,
) -> dict[str, Any]:
    """Train one adapter, or go on where an earlier start was stopped.

    Args:
        model: a native class of transformers, freshly loaded; LoRA is put into it.
        work: folder of this point; the best adapter ends in `work`/adapter.
        checkpoint: whose adapter this is.

    Returns:
        Plain values: `accuracy` (on validation faces, of the adapter that is kept), `step` at which
        it was reached, `steps` trained, and `curve`, rows of step, epoch, name, value.
    """
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    try:
        set_seed(settings.seed)
        adapted = add_adapter(model, settings, point.image_encoder, checkpoint)
        if settings.gradient_checkpointing:
            # Checkpointed layers have gradients only where their inputs do.
            adapted.enable_input_require_grads()
        trainer = RivalTrainer(
            validate=validate,
            progress=label,
            model=adapted,
            args=trainer_arguments(
                settings,
                work,
                len(examples),
                learning_rate=point.learning_rate,
                device=model.device.type,
                gradient_checkpointing=settings.gradient_checkpointing,
            ),
            train_dataset=examples,
            eval_dataset=examples,  # Not read: `evaluate` takes what `validate` holds.
            data_collator=collator,
        )
        if settings.patience is not None:
            trainer.add_callback(StopWithoutProgress(settings.patience))
        stopped = last_complete_checkpoint(work / CHECKPOINTS)
        if stopped is not None:
            logger.info("%s goes on from %s", label, stopped.name)
        trainer.train(resume_from_checkpoint=str(stopped) if stopped else None)
    finally:
        transformers_logging.set_verbosity(verbosity)
    state = trainer.state
    (work / ADAPTER).mkdir()
    for name in (SAFETENSORS_WEIGHTS_NAME, CONFIG_NAME):
        best = work / CHECKPOINTS / f"checkpoint-{state.best_global_step}" / name
        shutil.copy2(best, work / ADAPTER / name)
    return {
        "accuracy": state.best_metric,
        "step": state.best_global_step,
        "steps": state.global_step,
        "curve": learning_curve(state.log_history),
    }


def validation_accuracy(
    rival: LocalRival,
    task: TunedTask,
    sample: Sample,
    vocabulary: Vocabulary,
    longest_side: int | None,
) -> float:
    """Accuracy on a task, by the code that asks and measures rivals.

    Likelihood needs no generation: all questions about a face cost one pass over it.

    Args:
        rival: scored by likelihood; its model is left in evaluation mode.
        sample: n validation faces and their labels [n, k].

    Returns:
        As `evaluate` measures it on test faces: the share of right classes, or of right labels.
        A face whose photograph cannot be read has no answer, and is wrong in all its labels.
    """
    rival.model.eval()
    reader = Reader(parser=None, unanswered=0.0)
    shape = len(sample.faces), len(vocabulary)
    p, labels = np.zeros(shape, np.float64), np.full(shape, -1, np.int8)
    columns = [vocabulary.index[member] for member in task.members]
    labels[:, columns] = sample.labels
    for row, face in enumerate(sample.faces):
        try:
            picture = face.picture(longest_side)
        except PhotographError as error:
            logger.warning("%s", error)
            # Wrong in every class and attribute; of what is not annotated nothing is counted.
            p[row, columns] = sample.labels[row] == 0
            continue
        answers = rival.ask([picture] * len(task.questions), task.questions)
        for question, answer in zip(task.questions, answers, strict=True):
            given = {"dataset": task.dataset, "failed": None, **asdict(answer)}
            of = [vocabulary.index[member] for member in question.members]
            p[row, of] = reader.probabilities(given, question)
    datasets = np.full(len(sample.faces), task.dataset)
    return float(task_accuracies(p, labels, datasets, vocabulary)[str(task)])
