"""The folder of a saved labeler: what is in it, how it is written, and what is checked when it is read.

    tagwright.json       labels, head, backbone, recipe, data hashes, versions, digest of the weights
    model.safetensors    all weights          backbone/     architecture and tokenizer, as transformers writes them
    README.md            model card           fixture.json  a few documents with the spans expected for them
Knows nothing of predicting. Never reads or writes pickle.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.load import restore_backbone
from tagwright.errors import ModelError
from tagwright.heads import HeadConfig
from tagwright.models.tagger import Tagger, TaggerPlan, attach_head
from tagwright.text.labels import Labels

FORMAT = 1
ABOUT, WEIGHTS, BACKBONE, FIXTURE, CARD = "tagwright.json", "model.safetensors", "backbone", "fixture.json", "README.md"


@dataclass(frozen=True)
class Origin:
    """Where a labeler comes from: the resolved recipe, hashes of its data, versions, scores. Plain JSON values."""

    recipe: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)


def write_weights(module: nn.Module, path: Path) -> str:
    """Write a module's weights as safetensors, tied ones once; gives their digest."""
    tensors, seen = {}, set()
    for name, tensor in module.state_dict().items():
        place = (tensor.data_ptr(), tensor.shape, tensor.stride())
        if tensor.numel() and place in seen:
            continue
        seen.add(place)
        tensors[name] = tensor.detach().cpu().contiguous()
    digest = _digest(tensors)
    save_file(tensors, path, metadata={"format": "pt", "digest": digest})
    return digest


def _digest(tensors: Mapping[str, torch.Tensor]) -> str:
    state = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        state.update(f"{name} {tensors[name].dtype} {tuple(tensors[name].shape)}".encode())
        state.update(tensors[name].flatten().view(torch.uint8).numpy().data)
    return state.hexdigest()


def write_folder(tagger: Tagger, folder: Path, origin: Origin) -> None:
    """Write everything but the fixture into an existing folder."""
    backbone = folder / BACKBONE
    tagger.backbone.model.config.save_pretrained(backbone)  # type: ignore[union-attr, operator]
    tagger.backbone.tokenizer.tokenizer.save_pretrained(backbone)
    about = {
        "format": FORMAT,
        "view": tagger.view,
        "labels": list(tagger.labels.names),
        "head": tagger.head.config.model_dump(),  # type: ignore[union-attr, operator]
        "backbone": tagger.backbone.config.model_dump(),
        "weights": write_weights(tagger, folder / WEIGHTS),
        "recipe": origin.recipe,
        "data": origin.data,
        "versions": origin.versions,
        "scores": origin.scores,
    }
    (folder / ABOUT).write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_about(folder: Path) -> dict[str, Any]:
    """The checked contents of tagwright.json."""
    path = folder / ABOUT
    if not folder.is_dir():
        raise ModelError(
            f"There is no folder {folder}. Give the folder that `tagwright train --out` wrote, or a hub id."
        )
    if not path.is_file():
        raise ModelError(
            f"{folder} holds no {ABOUT}, so it is not a labeler saved by Tagwright. Found: {_list(folder)}."
        )
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(
            f"{path} is not valid JSON ({error}). The folder is damaged: copy or train it again."
        ) from error
    if missing := {"format", "view", "labels", "head", "backbone", "weights"} - set(about):
        raise ModelError(f"{path} lacks {', '.join(sorted(missing))}. The folder is damaged: copy or train it again.")
    if about["format"] > FORMAT:
        raise ModelError(
            f"{folder} was saved in format {about['format']}; this version reads formats up to {FORMAT}. "
            "Upgrade: pip install -U tagwright"
        )
    return about


def _list(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"


def read_folder(folder: Path, *, dtype: str | None = None) -> tuple[Tagger, Origin]:
    """The tagger saved in a folder, checked, and its origin. `dtype` changes the precision of its weights."""
    about = read_about(folder)
    backbone = BackboneConfig.model_validate(about["backbone"] | ({} if dtype is None else {"dtype": dtype}))
    plan = TaggerPlan(Labels(tuple(about["labels"])), backbone, HeadConfig.model_validate(about["head"]))
    tagger = attach_head(plan, restore_backbone(folder / BACKBONE, backbone))
    _fill(tagger, folder / WEIGHTS, about["weights"])
    tagger.to(getattr(torch, backbone.dtype)).eval()
    return tagger, Origin(**{key: about.get(key, {}) for key in ("recipe", "data", "versions", "scores")})


def _fill(tagger: Tagger, path: Path, digest: str) -> None:
    if not path.is_file():
        raise ModelError(f"{path} is missing. The folder is incomplete: copy or train it again.")
    try:
        with safe_open(path, framework="pt") as file:
            found = (file.metadata() or {}).get("digest")
        tensors = load_file(path)
    except SafetensorError as error:
        raise ModelError(f"{path} can't be read ({error}). The folder is damaged: copy or train it again.") from error
    if found != digest:
        raise ModelError(
            f"{path} does not belong to this folder: {ABOUT} names the weights {digest}, the file holds {found}. "
            "Put back the file that was saved with it."
        )
    own = tagger.state_dict()
    wrong = [name for name in tensors if name not in own or own[name].shape != tensors[name].shape]
    if wrong:
        raise ModelError(
            f"{len(wrong)} of {len(tensors)} weights in {path} don't fit the {len(tagger.labels)} labels and the "
            f"architecture of this folder, the first is {wrong[0]}. Put back the files that were saved together."
        )
    missing = set(tagger.load_state_dict(tensors, strict=False).missing_keys)
    tied = {own[name].data_ptr() for name in tensors}
    if untied := sorted(name for name in missing if own[name].data_ptr() not in tied):
        raise ModelError(f"{path} lacks {len(untied)} weights, the first is {untied[0]}. Copy or train it again.")
