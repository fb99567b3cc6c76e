"""The mean of the weights over the last part of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from tutelage.training.stage import BatchOf, StepOf
from tutelage.training.state import TrainState

__all__ = ["WeightAverage"]


class WeightAverage:
    """Stochastic weight averaging (Izmailov et al., UAI 2018), part of the state of a run.

    Parameters
    ----------
    modules : what learns
    share : last part of the run whose steps count, 0 to 1; with 0 nothing is averaged or saved
    state : of the run; the mean is saved and resumed with it
    """

    def __init__(self, modules: Sequence[nn.Module], share: float, state: TrainState) -> None:
        self._learning, self._share = nn.ModuleList(modules), share
        self._mean = AveragedModel(self._learning) if share else None
        if self._mean:
            state.modules["averaged"] = self._mean

    def following(self, step: StepOf[BatchOf]) -> StepOf[BatchOf]:
        """The same step, its weights counted; within the step, so that a checkpoint has both or neither."""

        mean = self._mean
        if mean is None:
            return step

        def step_and_count(state: TrainState, batch: BatchOf) -> Mapping[str, Tensor]:
            shown = step(state, batch)
            if state.step + 1 > (1 - self._share) * state.n_steps:
                mean.update_parameters(self._learning)
            return shown

        return step_and_count

    def settle(self) -> None:
        """Give the modules the mean; statistics of batches stay those of the last step."""
        if self._mean:
            self._learning.load_state_dict(self._mean.module.state_dict())
