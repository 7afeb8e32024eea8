"""The versions a run was made with."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("tagwright", "torch", "transformers", "tokenizers", "accelerate", "safetensors", "numpy", "peft")


def find_versions() -> dict[str, str]:
    """Python's and the packages' versions; packages that aren't installed are left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # an optional one
            continue
    return found
