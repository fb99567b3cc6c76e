"""The training core: one small loop, its state, its hooks, and the supervised training of a network."""

from tutelage.training.averaging import WeightAverage
from tutelage.training.budget import Budget
from tutelage.training.device import device_name, resolve_device, seeded, threads_for
from tutelage.training.labels import LabelHeads, label_classes
from tutelage.training.learning_recipe import LABELS, LearningRecipe, SupervisedRecipe, changed_recipe
from tutelage.training.loop import Hook, is_look, train
from tutelage.training.optimiser import (
    OptimiserRecipe,
    descend,
    learning_rate_at,
    make_optimizer,
    steps_per_epoch,
)
from tutelage.training.paper_settings import epochs_in_paper, learning_rate_in_paper
from tutelage.training.pretraining import pretrain_network
from tutelage.training.stage import RunOptions, Step, StepOf, begin, clear_checkpoints, named_run, run_stage
from tutelage.training.state import TrainState
from tutelage.training.supervised import LossTerms, MakeTerms, Watch, supervised_step, train_network
from tutelage.training.trained_network import GradientShares, TrainedNetwork
from tutelage.training.training_data import Batch, Batches, TrainingData, augment, normalise

__all__ = [
    "LABELS",
    "Batch",
    "Batches",
    "Budget",
    "GradientShares",
    "Hook",
    "LabelHeads",
    "LearningRecipe",
    "LossTerms",
    "MakeTerms",
    "OptimiserRecipe",
    "RunOptions",
    "Step",
    "StepOf",
    "SupervisedRecipe",
    "TrainState",
    "TrainedNetwork",
    "TrainingData",
    "Watch",
    "WeightAverage",
    "augment",
    "begin",
    "changed_recipe",
    "clear_checkpoints",
    "descend",
    "device_name",
    "epochs_in_paper",
    "is_look",
    "label_classes",
    "learning_rate_at",
    "learning_rate_in_paper",
    "make_optimizer",
    "named_run",
    "normalise",
    "pretrain_network",
    "resolve_device",
    "run_stage",
    "seeded",
    "steps_per_epoch",
    "supervised_step",
    "threads_for",
    "train",
    "train_network",
]
