"""The training core: one small loop, its state, its hooks."""

from tutelage.training.averaging import WeightAverage
from tutelage.training.device import device_name, resolve_device, seeded
from tutelage.training.labels import LabelHeads, label_classes
from tutelage.training.learning_recipe import (
    LABELS,
    Budget,
    LearningRecipe,
    OptimiserRecipe,
    changed_recipe,
    descend,
    epochs_in_paper,
    learning_rate_at,
    make_optimizer,
    steps_per_epoch,
)
from tutelage.training.loop import Hook, train
from tutelage.training.pretraining import pretrain_network
from tutelage.training.stage import RunOptions, Step, StepOf, begin, clear_checkpoints, run_stage
from tutelage.training.state import TrainState
from tutelage.training.supervised import supervised_step
from tutelage.training.training_data import Batch, Batches, TrainingData, augmented, normalised

__all__ = [
    "LABELS",
    "Batch",
    "Batches",
    "Budget",
    "Hook",
    "LabelHeads",
    "LearningRecipe",
    "OptimiserRecipe",
    "RunOptions",
    "Step",
    "StepOf",
    "TrainState",
    "TrainingData",
    "WeightAverage",
    "augmented",
    "begin",
    "changed_recipe",
    "clear_checkpoints",
    "descend",
    "device_name",
    "epochs_in_paper",
    "label_classes",
    "learning_rate_at",
    "make_optimizer",
    "normalised",
    "pretrain_network",
    "resolve_device",
    "run_stage",
    "seeded",
    "steps_per_epoch",
    "supervised_step",
    "train",
]
