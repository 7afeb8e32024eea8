"""Models that come with Tagwright, named `builtin:NAME`: which there are, and in which folder each lies.

`builtin:untrained` alone has no folder: it is built from the training words. Loads neither torch nor transformers.
"""

from importlib.resources import files
from pathlib import Path

from tagwright.errors import ModelError
from tagwright.registry import suggest

PREFIX = "builtin:"
UNTRAINED = "builtin:untrained"
DEFAULT, WRITER = "builtin:tiny-encoder", "builtin:tiny-t5"  # where nobody names one: of a tagger, of a writer
LABELER_FILE = "tagwright.json"  # what tells the folder of a saved labeler from others
RATES = {DEFAULT: 2e-3, "builtin:tiny-decoder": 2e-3, "builtin:tiny-t5": 2e-3, UNTRAINED: 1e-3}  # learning rates
BACKBONES = tuple(RATES)
LABELERS = ("builtin:tiny-ner",)
BACKBONE_FORMS = f"hub id, local folder, or {PREFIX}NAME ({', '.join(n.removeprefix(PREFIX) for n in BACKBONES)})"
LABELER_FORMS = f"a folder, a hub id, or {', '.join(LABELERS)}"

ROOT = Path(str(files("tagwright"))) / "builtin"  # a folder for every name, filled when the package is built


def pick_rate(name: str) -> float:
    """The learning rate of a run that names none: small models take far larger steps than those of the hub."""
    return RATES.get(name, 5e-5)


def find_backbone(name: str) -> Path:
    """The folder of a built-in backbone, as transformers reads it."""
    if name in LABELERS:
        raise ModelError(
            f"{name} is a labeler, not a backbone: it labels as it is, by `tagwright predict {name} FILE` or "
            f'tagwright.load("{name}"). To train a labeler of your own, start from one of {", ".join(BACKBONES)}.'
        )
    return _find_folder(name)


def find_labeler(name: str) -> Path:
    """The folder of a built-in labeler."""
    if name in BACKBONES:
        raise ModelError(
            f"{name} is a backbone, not a labeler: it has learned no labels yet. Train a labeler on it with "
            f"`tagwright train --train FILE --model {name} --out FOLDER` and give that folder, "
            f"or take one that is built in: {', '.join(LABELERS)}. "
            f"`tagwright doctor {name}` runs the backbone itself and draws which of its layers look right."
        )
    return _find_folder(name)


def check_builtin(name: str) -> None:
    """An unknown built-in name is refused with the list."""
    known = (*BACKBONES, *LABELERS)
    if name not in known:
        raise ModelError(f"There is no built-in model called {name!r}.{suggest(name, known)}")


def _find_folder(name: str) -> Path:
    check_builtin(name)
    if name == UNTRAINED:
        raise ModelError(
            f"{name} has no files: `tagwright train --model {name}` builds it from the words of the training file, and "
            f"nothing else can. Take one of {', '.join(each for each in BACKBONES if each != UNTRAINED)}."
        )
    folder = ROOT / name.removeprefix(PREFIX)
    if not (folder / "model.safetensors").is_file():
        raise ModelError(
            f"{name} comes with Tagwright, but this installation lacks its files: there is no model.safetensors in "
            f"{folder}. Install again: pip install --force-reinstall tagwright"
        )
    return folder
