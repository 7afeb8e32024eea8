"""What every test runs under: one thread, no hub, and real data only where it is at hand."""

import gc
import os
from pathlib import Path

import pytest

# Set here because pytest reads this file before any test loads torch, and torch reads them only once.
os.environ.update(
    OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1", NO_COLOR="1"
)

SHARED = Path(__file__).parents[1].parent / "shared"


def pytest_collection_finish() -> None:
    """What is imported by now stays. Every training ends by collecting garbage, and would go through all of it."""
    gc.freeze()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `shared` beside the checkout, with real corpora and weights; without it the test is skipped."""
    if not SHARED.is_dir():
        pytest.skip("needs the folder 'shared' beside the checkout, which holds the real corpora")
    return SHARED
