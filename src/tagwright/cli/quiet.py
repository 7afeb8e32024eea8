"""Keeps the libraries underneath from talking over ours on the command line."""

import logging
import warnings


def quiet_libraries() -> None:
    """Their progress bars and notices are for people who call them; errors still come through."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    logging.getLogger("accelerate").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="torch|transformers|accelerate|huggingface_hub")
