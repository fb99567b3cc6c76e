"""Whether a teacher gives away which scans it learnt from: a membership inference attack on itself."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn.functional import cosine_similarity

from tutelage.paper.expert_training.generator import Generator

__all__ = ["closeness", "membership"]

_DRAWS = 8


@torch.no_grad()
def closeness(generator: Generator, z_e: Tensor, place: Tensor) -> np.ndarray:
    """Measure how close a teacher is to scans: the mean cosine over draws of noise.

    Parameters
    ----------
    generator : Generator
        Of the teacher.
    z_e : Tensor
        Representations [n, d_E] of the scans by the source network.
    place : Tensor
        Places [n, 2] of the scans in the unit square.

    Returns
    -------
    ndarray
        [n] mean cosine between a scan's representation and those generated at its place.
    """
    draws = [generator(generator.noise(len(z_e), z_e.device), place).z_e for _ in range(_DRAWS)]
    return torch.stack([cosine_similarity(draw, z_e) for draw in draws]).mean(dim=0).cpu().numpy()


def membership(training: np.ndarray, held_out: np.ndarray) -> float:
    """Compute the chance that a teacher is closer to a training scan than to a scan that was held out.

    The attacker has more than a teacher file gives: the source network, which turns a suspected scan into a
    representation. Part of a figure above 0.5 is due to the network itself, which knows its own training
    scans better than others.

    Parameters
    ----------
    training : ndarray
        [n] closeness of training scans.
    held_out : ndarray
        [m] closeness of scans of reference points held out of training.

    Returns
    -------
    float
        0.5 if the teacher does not tell them apart, 1 if it always does; ties count half.

    Notes
    -----
    Source: the area under the curve of a threshold attack, as in Yeom et al., "Privacy risk in machine
    learning", CSF 2018.
    """
    is_training = np.repeat([1, 0], [len(training), len(held_out)])
    return float(roc_auc_score(is_training, np.concatenate([training, held_out])))
