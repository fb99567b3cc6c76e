"""All device-specific code: which device, and the random generators of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from tutelage.errors import BadInputError

__all__ = [
    "device_name",
    "random_state",
    "resolve_device",
    "restore_random_state",
    "seeded",
    "threads_for",
]

_PRODUCTS_A_THREAD = 100_000_000  # fewer take a core some milliseconds: threads would wait for each other


def resolve_device(name: str = "auto") -> torch.device:
    """Find the device of this name.

    Parameters
    ----------
    name : str
        A name of PyTorch such as "cpu" or "cuda". "auto" is the first accelerator that PyTorch sees, else
        the CPU.

    Returns
    -------
    torch.device
        A device that can be used.

    Raises
    ------
    BadInputError
        If the named device does not exist here.
    """
    if name == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator or torch.device("cpu")
    try:
        probe = torch.zeros(1, device=name)
        probe.cpu()  # a device without memory, such as meta, cannot
        return probe.device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise BadInputError(f"device {name!r} cannot be used here; try auto or cpu") from error


def device_name(name: str = "auto") -> str:
    """Name the device as a person would.

    Parameters
    ----------
    name : str
        As for `resolve_device`.

    Returns
    -------
    str
        "cpu", or the name of the graphics card.
    """
    device = resolve_device(name)
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


@contextmanager
def threads_for(n_products: int) -> Iterator[None]:
    """Give PyTorch as many threads inside the block as its updates can use, and no more than it had.

    An update that is small for a core is faster on one thread, above all where other work keeps the cores
    busy: each product then waits for the thread that was interrupted.

    Parameters
    ----------
    n_products : int
        Multiplications of one pass forward through an update's batch.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(min(before, max(1, n_products // _PRODUCTS_A_THREAD)))
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the random numbers inside the block, and leave the caller's generators untouched.

    Parameters
    ----------
    seed : int
        Seed of the run.
    device : torch.device
        Device of the run.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Read the state of every generator that a training step on a device draws from.

    Parameters
    ----------
    device : torch.device
        Device of the run.

    Returns
    -------
    dict of Tensor
        The states, by name.
    """
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: dict[str, Tensor], device: torch.device) -> None:
    """Put back the state that `random_state` read.

    Parameters
    ----------
    state : dict of Tensor
        The states, by name.
    device : torch.device
        Device of the run.
    """
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
