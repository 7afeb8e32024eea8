"""Features: says how much disk the states of a frozen backbone take, keeps them there, and gives what trains on them.

Where they can't be kept training goes on without, and that is said. Knows no recipes.
"""

import logging
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from accelerate.utils import broadcast_object_list
from transformers import TrainingArguments

from tagwright.models.features.cached import CachedTagger
from tagwright.models.features.reading import Gather, join_states, read_words
from tagwright.models.features.store import Store
from tagwright.models.features.upstream import describe_backbone, describe_words
from tagwright.models.labeler import Labeler
from tagwright.models.tagger import Tagger
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.tokens.batch import Piece
from tagwright.training.batches import Pieces
from tagwright.tuning.config import TuningConfig

logger = logging.getLogger(__name__)
PLACE = "features"
MOST = 0.9  # of the free disk
GIB = 1 << 30


def keep_features(
    labeler: Labeler,
    train: Pieces,
    *,
    documents: Sequence[Document],
    dev: Sequence[Document],
    config: TuningConfig,
    arguments: TrainingArguments,
) -> tuple[Labeler, Pieces]:
    """What is trained in place of a tagger with a frozen backbone, and on which pieces; else these two as they are.

    documents: those that `train` was cut from. dev: those that are scored while training, if any.
    """
    if config.name != "frozen" or config.features == "off" or not isinstance(labeler, Tagger):
        return labeler, train
    tagger = labeler
    if tagger.backbone.gates is not None:
        logger.info("Features aren't kept: sight is learned, so they change while training.")
        return tagger, train
    parts = {"train": _Part(documents, train.pieces)}
    if dev:
        parts["dev"] = _Part(dev, tagger.cut(dev, Ledger()))
    keeper = _Keeper(tagger, config=config, arguments=arguments)
    stores = {name: keeper.plan(name, part) for name, part in parts.items()}
    if not keeper.announce(stores.values()):
        return tagger, train
    with arguments.main_process_first(desc="reading features"):
        for name, part in parts.items():
            keeper.fill(stores[name], part.pieces)
    read = {name: join_states(part.pieces, stores[name].open()) for name, part in parts.items()}
    cached = CachedTagger(tagger)
    if dev:
        cached.know(dev, read["dev"])
    return cached, Pieces(read["train"], train.targets)


class _Part(NamedTuple):
    documents: Sequence[Document]
    pieces: Sequence[Piece]


class _Keeper:
    """One backbone and the place where its states are kept."""

    def __init__(self, tagger: Tagger, *, config: TuningConfig, arguments: TrainingArguments) -> None:
        self.backbone, self.gather, self.arguments = tagger.backbone, Gather(tagger.fusion), arguments
        self.folder = Path(config.features_folder or Path(arguments.output_dir) / PLACE)
        self.autocast = torch.bfloat16 if arguments.bf16 else None
        model: Any = tagger.backbone.model
        # what the backbone computes in, so that nothing is lost; pooling under autocast rounds to its precision
        exact = self.autocast or model.dtype
        self.dtype = exact if config.features == "auto" else getattr(torch, config.features)
        self.upstream = describe_backbone(tagger.backbone) | {
            "layers": list(self.gather.layers),
            "precision": [str(model.dtype), str(self.autocast), str(self.dtype), arguments.device.type],
        }

    def plan(self, name: str, part: _Part) -> Store:
        shape = (sum(piece.count for piece in part.pieces), len(self.gather.layers), self.gather.width)
        upstream = self.upstream | describe_words(*part)
        return Store(self.folder / f"{name}.safetensors", shape, self.dtype, upstream)

    def announce(self, stores: Collection[Store]) -> bool:
        """Say what is kept, and what of an earlier run can't be used and why; is there room for it?"""
        for store in stores:
            if store.found and (changes := store.list_changes()):
                logger.warning("%s was made with other %s: its words are read again.", store.path, ", ".join(changes))
        need, room = sum(store.size for store in stores if not store.is_ready), _find_room(self.folder, stores)
        words = f"{sum(store.shape[0] for store in stores):,} words"
        what = f"{words} in {len(self.gather.layers)} of the model's layers, {str(self.dtype).partition('.')[2]}"
        told = f"will take {_show(need)} in %s, where {_show(room)} are free" if need else "are in %s from before"
        logger.info(f"Features: the states of {what}, {told}.", self.folder)
        fits: bool = broadcast_object_list([need <= MOST * room])[0]  # devices go the same way
        halve = ', halve them (tuning.features = "bfloat16")' if self.dtype.itemsize > 2 else ""
        if not fits:
            logger.warning(
                "Features of %s don't fit into %s: %s are free, of which %.0f %% are used at most. Training goes on "
                "without them, and the backbone runs in every epoch. Free some space%s or name another place "
                "(tuning.features_folder).",
                *(_show(need), self.folder, _show(room), 100 * MOST, halve),
            )
        return fits

    def fill(self, store: Store, pieces: Sequence[Piece]) -> None:
        if store.is_ready:
            return
        self.backbone.to(self.arguments.device)
        parts = read_words(self.backbone, pieces, gather=self.gather, dtype=self.dtype, autocast=self.autocast)
        store.write(parts)


def _find_room(folder: Path, stores: Collection[Store]) -> int:
    """Bytes that are free, with those of files that will be replaced."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
    return shutil.disk_usage(there).free + sum(store.found for store in stores if not store.is_ready)


def _show(size: float) -> str:
    return f"{size / GIB:.1f} GiB" if size >= GIB / 10 else f"{size / (1 << 20):.1f} MiB"
