"""Whether a teacher gives away which scans it learnt from: a membership inference attack on itself."""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor
from torch.nn.functional import cosine_similarity

from tutelage.paper.expert_training.generator import Generator

__all__ = ["closeness", "membership"]

_DRAWS = 8


@torch.no_grad()
def closeness(generator: Generator, z_e: Tensor, place: Tensor) -> np.ndarray:
    """[n] mean cosine between a scan's representation and those generated at its place.

    Parameters
    ----------
    generator : of the teacher
    z_e : [n, d_E] what the source network makes of the scans
    place : [n, 2] where they were taken, in the unit square
    """
    drawn = [generator(generator.noise(len(z_e), z_e.device), place).z_e for _ in range(_DRAWS)]
    return torch.stack([cosine_similarity(each, z_e) for each in drawn]).mean(dim=0).cpu().numpy()


def membership(learnt: np.ndarray, other: np.ndarray) -> float:
    """Chance that a scan the teacher learnt from is closer to it than one it never saw.

    0.5: the teacher does not tell them apart; 1: it always does. The attacker is granted more than a teacher
    file gives: the source network, which turns a suspected scan into a representation. A part of what is
    above 0.5 is the network's own, which knows the scans that it learnt better than others.

    Parameters
    ----------
    learnt : [n] closeness of scans learnt from
    other : [m] closeness of scans of reference points held out

    Source: the area under the curve of a threshold attack, as in Yeom et al., "Privacy risk in machine
    learning", CSF 2018; computed from ranks (Mann and Whitney 1947).
    """
    rank = rankdata(np.concatenate([learnt, other]))
    n, m = len(learnt), len(other)
    return float((rank[:n].sum() - n * (n + 1) / 2) / (n * m))
