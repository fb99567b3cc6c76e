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
    modules : sequence of Module
        The modules that learn.
    share : float
        Last part of the run whose steps count, 0 to 1. With 0 nothing is averaged or saved.
    state : TrainState
        State of the run; the mean is saved and resumed with it.
    """

    def __init__(self, modules: Sequence[nn.Module], share: float, state: TrainState) -> None:
        self._modules = nn.ModuleList(modules)
        self._share = share
        self._mean = AveragedModel(self._modules) if share else None
        if self._mean:
            state.modules["averaged"] = self._mean

    def wrap(self, step: StepOf[BatchOf]) -> StepOf[BatchOf]:
        """Make a step that also counts the weights, so that a checkpoint has both or neither.

        Parameters
        ----------
        step : StepOf
            One update of the modules.

        Returns
        -------
        StepOf
            The same update; `step` itself where nothing is averaged.
        """
        mean = self._mean
        if mean is None:
            return step

        def step_and_count(state: TrainState, batch: BatchOf) -> Mapping[str, Tensor]:
            metrics = step(state, batch)
            if state.step + 1 > (1 - self._share) * state.n_steps:
                mean.update_parameters(self._modules)
            return metrics

        return step_and_count

    def settle(self) -> None:
        """Give the modules the mean; statistics of batches stay those of the last step."""
        if self._mean:
            self._modules.load_state_dict(self._mean.module.state_dict())
