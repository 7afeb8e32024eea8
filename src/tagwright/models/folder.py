"""The folder of a saved labeler: what is in it, how it is written, and what is checked when it is read.

    tagwright.json       view, labels, the parts of the labeler, recipe, data hashes, versions, digest of the weights
    model.safetensors    all weights, or those that moved beside a base that is named
    backbone/            architecture and tokenizer, as transformers writes them
    README.md            model card           fixture.json  a few documents with the spans expected for them
Knows nothing of predicting. Never reads or writes pickle.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_args

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from tagwright.backbone.builtin import LABELER_FILE
from tagwright.backbone.config import BackboneConfig, Dtype
from tagwright.errors import ModelError, TagwrightError
from tagwright.models.base import Base, cast, change_precision, find_base, load_base
from tagwright.models.labeler import OnBackbone, Plan
from tagwright.models.tagger import Tagger, TaggerPlan
from tagwright.models.writing.writer import WriterPlan
from tagwright.models.writing.writers import WritersPlan
from tagwright.registry import Table, suggest
from tagwright.tuning import TUNINGS, TuningConfig
from tagwright.tuning.access import follow_umask
from tagwright.tuning.weights import count_weights, digest_tensors, fill

FORMAT = 1
KEYS = {"format", "view", "labels", "backbone", "weights"}
PLANS: tuple[type[Plan], ...] = (TaggerPlan, WriterPlan, WritersPlan)
VIEWS: Table[type[Plan]] = Table("view of a labeler", {plan.view: plan for plan in PLANS})
ENTRY = "tagwright"  # of the metadata in the file of weights
DAMAGED = "The folder is damaged: copy or train it again."
ABOUT, WEIGHTS, BACKBONE, FIXTURE, CARD = LABELER_FILE, "model.safetensors", "backbone", "fixture.json", "README.md"


@dataclass(frozen=True)
class Origin:
    """Where a labeler comes from: the resolved recipe, hashes of its data, versions, scores. Plain JSON values.

    layers: how much each layer counts for the words of each label, where its fusion weighs layers.
    choices: where the weights lie that moved, where its tuning chooses single ones.
    gates: how sure the gates were before they were made hard, where its sight was learned.
    """

    recipe: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    layers: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Any] = field(default_factory=dict)
    gates: Mapping[str, Any] = field(default_factory=dict)


def write_weights(
    weights: nn.Module | Mapping[str, torch.Tensor],
    path: Path,
    *,
    labels: Sequence[str] = (),
    dtypes: Mapping[str, torch.dtype] | None = None,
) -> str:
    """Write weights as safetensors, tied ones once, some in another precision; gives their digest."""
    tensors, seen, dtypes = {}, set(), dtypes or {}
    for name, tensor in (weights.state_dict() if isinstance(weights, nn.Module) else weights).items():
        place = (tensor.data_ptr(), tensor.shape, tensor.stride())
        if tensor.numel() and place in seen:
            continue
        seen.add(place)
        tensors[name] = _round(name, tensor.detach(), dtypes.get(name, tensor.dtype)).cpu().contiguous()
    digest = digest_tensors(tensors)
    # one entry: several are written in a random order, and equal weights would not be equal files
    metadata = {ENTRY: json.dumps({"digest": digest, "labels": list(labels)}, ensure_ascii=False)}
    try:
        save_file(tensors, path, metadata=metadata)
        follow_umask([path])
    except SafetensorError as error:  # it hides the operating system's own errors: a full disk, a read-only folder
        raise OSError(str(error)) from error
    return digest


def _round(name: str, tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    rounded = tensor.to(dtype)
    if dtype != tensor.dtype and not torch.equal(rounded.isfinite(), tensor.isfinite()):
        raise ModelError(f"{name} holds numbers that are too large for {dtype}. Save in bfloat16, or as trained.")
    return rounded


def fill_weights(module: nn.Module, path: Path) -> None:
    """Put saved weights into a module that has exactly these, apart from tied ones."""
    fill(module, read_weights(path)[0], names=module.state_dict(), source=path)


def read_weights(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """The weights in a file, and what the file says of them."""
    if not path.is_file():
        raise ModelError(f"{path} is missing. The folder is incomplete: copy or train it again.")
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get(ENTRY, "{}"))
        return load_file(path), facts
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} can't be read ({error}). {DAMAGED}") from error


def write_folder(labeler: OnBackbone, folder: Path, *, origin: Origin, dtype: str | None = None) -> None:
    """Write everything but the fixture into an existing folder; the backbone's weights in `dtype`, if one is given."""
    backbone, plan = folder / BACKBONE, labeler.plan
    labeler.backbone.model.config.save_pretrained(backbone)
    labeler.backbone.tokenizer.tokenizer.save_pretrained(backbone)
    base = find_base(labeler)
    tensors = labeler.tuning.collect(labeler, whole=base is None)
    about = {
        "format": FORMAT,
        "view": labeler.view,
        "labels": list(plan.known.names),
        "relations": list(plan.known.relations),
        **plan.to_dict(),
        "backbone": plan.backbone.model_dump(),
        **({"sight": sight} if (sight := _describe_sight(labeler)) else {}),
        "tuning": plan.tuning.model_dump(),
        "moved": {"weights": labeler.tuning.count(labeler), "of": count_weights(labeler)},
        "base": base.to_dict() if base is not None else None,
        "weights": write_weights(
            tensors,
            folder / WEIGHTS,
            labels=(*plan.known.names, *plan.known.relations),
            dtypes=_choose_dtypes(labeler, dtype),
        ),
        **vars(origin),
    }
    (folder / ABOUT).write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _describe_sight(labeler: OnBackbone) -> dict[str, Any]:
    """Chosen or by nature, as it was found by running the model: for people, who needn't load it to know.

    Of a writer, chosen for its prompt, or nothing.
    """
    chosen = labeler.backbone.sight
    if not isinstance(labeler, Tagger) and chosen is None:
        return {}
    try:
        sight = labeler.backbone.find_sight() if chosen is None else chosen
    except ModelError as error:
        return {"unknown": str(error)}
    scope = {} if isinstance(labeler, Tagger) else {"scope": "prompt"}
    return {"layers": sight.layers, "open": list(sight.open), "chosen": chosen is not None, **scope}


def _choose_dtypes(labeler: OnBackbone, dtype: str | None) -> dict[str, torch.dtype]:
    """By name of weight. Only the backbone's are rounded: heads are small, and buffers need their precision."""
    if dtype is None:
        return {}
    if dtype not in get_args(Dtype):
        raise ModelError(f"No precision is called {dtype!r}.{suggest(dtype, get_args(Dtype))}")
    weights = labeler.backbone.named_parameters("backbone", remove_duplicate=False)
    return {name: getattr(torch, dtype) for name, _ in weights}


def read_about(folder: Path) -> dict[str, Any]:
    """The checked contents of tagwright.json."""
    path = folder / ABOUT
    if not folder.is_dir():
        raise ModelError(
            f"There is no folder {folder}. Give the folder that `tagwright train --out` wrote, or a hub id."
        )
    if not path.is_file():
        began = any(folder.glob("checkpoints/checkpoint-*"))
        raise ModelError(
            f"{folder} holds no {ABOUT}, so it is not a labeler saved by Tagwright. Found: {_list(folder)}."
            + " Its training did not end: go on with the same `tagwright train` command and --resume." * began
        )
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ModelError(f"{path} can't be read as JSON ({error}). {DAMAGED}") from error
    if not isinstance(about, dict) or (missing := KEYS - set(about)):
        raise ModelError(f"{path} lacks {', '.join(sorted(missing)) if isinstance(about, dict) else 'all'}. {DAMAGED}")
    if not isinstance(about["format"], int) or about["format"] > FORMAT:
        raise ModelError(
            f"{folder} was saved in format {about['format']}; this version reads formats up to {FORMAT}. "
            "Upgrade: pip install -U tagwright"
        )
    return about


def _list(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"


def read_folder(
    folder: Path, *, dtype: str | None = None, base: str | None = None, unquantised: bool = False
) -> tuple[Any, Origin]:
    """The labeler saved in a folder, checked, and its origin.

    dtype: changes the precision of its backbone. base: where the pretrained model is now that it was trained beside.
    unquantised: that model is not brought down to four bits.
    """
    about = read_about(folder)
    plan = _read_plan(about, folder / ABOUT)
    tensors, facts = read_weights(folder / WEIGHTS)
    _check_match(about, facts, folder / WEIGHTS)
    lies_on = None if about.get("base") is None else Base(**about["base"])
    if lies_on is None:
        plan = replace(plan, backbone=change_precision(plan.backbone, dtype))  # type: ignore[type-var]
        backbone = plan.restore(folder / BACKBONE)
    else:
        plan, backbone = load_base(plan, lies_on, folder=folder, place=base, unquantised=unquantised)
    labeler = plan.attach(backbone)
    labeler.tuning.put_back(labeler, tensors, source=folder / WEIGHTS, whole=lies_on is None)
    if lies_on is not None and dtype is not None:  # the checksum is of the base as it was trained beside
        cast(labeler.backbone, dtype)
    return labeler.eval(), Origin(**{part.name: about.get(part.name, {}) for part in fields(Origin)})


def _read_plan(about: Mapping[str, Any], path: Path) -> Plan:
    try:
        backbone = BackboneConfig.model_validate(about["backbone"])
        tuning = TuningConfig.model_validate(about.get("tuning", {}))
        if tuning.name not in TUNINGS:
            raise ValueError(f"no tuning {tuning.name} is known")
        return VIEWS[about["view"]].from_dict(about, backbone=backbone, tuning=tuning)
    except KeyError as error:
        raise ModelError(f"{path} lacks {error}. {DAMAGED}") from error
    except (ValueError, TypeError, TagwrightError) as error:
        reason = (
            "; ".join(f"{e['loc']}: {e['msg']}" for e in error.errors())
            if isinstance(error, ValidationError)
            else error
        )
        raise ModelError(
            f"{path} can't be understood: {reason}. Upgrade (pip install -U tagwright) if the labeler was saved by a "
            "newer version; else copy or train it again."
        ) from error


def _check_match(about: Mapping[str, Any], facts: Mapping[str, Any], path: Path) -> None:
    """The weights are those that were saved with this description, for these labels in this order."""
    if facts.get("digest") != about["weights"]:
        raise ModelError(
            f"{path} does not belong to this folder: {ABOUT} names the weights {about['weights']}, the file holds "
            f"{facts.get('digest')}. Put back the file that was saved with it."
        )
    learned, told = facts.get("labels", []), [*about["labels"], *about.get("relations", ())]
    if learned != told:
        raise ModelError(
            f"The labels in {ABOUT} are not those that {path} was trained for: {told} against {learned}. "
            "Put back the file that was saved with it; to rename labels, rename them in the predictions."
        )
