"""A progress bar for people: step, loss, tokens a second, held-out bits per byte. Knows nothing of data or models."""

from tagwright.pretraining.learning.trainer import BITS, SPEED
from tagwright.training.callbacks import ShowProgress


class ShowPretraining(ShowProgress):
    """The bar and the lines of a pretraining run, which counts in steps alone."""

    task, score = "pretraining", BITS
    place = "step {0.global_step} of {0.max_steps}"
    tells = {
        "loss": "loss {:.3f}".format,
        SPEED: "{:,.0f} tokens/s".format,
        BITS: "held-out {:.3f} bits/byte".format,
    }
