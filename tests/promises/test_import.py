"""Importing is cheap: `import tagwright` loads no numerical library, and no word room ever loads torch."""

import json
import subprocess
import sys

import pytest

WORD_ROOMS = ("text", "io", "evaluation", "formats", "settings", "registry", "errors")

IMPORT_ROOM = """
import importlib, pkgutil, tagwright
room = importlib.import_module("tagwright.{room}")
for found in pkgutil.walk_packages(getattr(room, "__path__", ()), room.__name__ + "."):
    importlib.import_module(found.name)
"""


def find_loaded(code: str) -> set[str]:
    """The top-level packages that a fresh interpreter holds after running `code`."""
    code += "\nimport json, sys; print(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_importing_tagwright_loads_no_numerical_library() -> None:
    loaded = find_loaded("import tagwright")
    assert "tagwright" in loaded
    assert not loaded & {"torch", "transformers", "numpy", "scipy"}


@pytest.mark.parametrize("room", WORD_ROOMS)
def test_word_rooms_never_load_torch(room: str) -> None:
    assert not find_loaded(IMPORT_ROOM.format(room=room)) & {"torch", "transformers", "accelerate"}
