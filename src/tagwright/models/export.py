"""Exports a labeler's backbone as a plain transformers folder, and proves that it needs nothing of ours to be right."""

import copy
import shutil
from pathlib import Path

import torch

from tagwright.backbone.backbone import Backbone, load_backbone
from tagwright.backbone.checkup import DOCUMENTS
from tagwright.backbone.sight.probe import prove_sight
from tagwright.errors import ModelError
from tagwright.io.source import check_free
from tagwright.text.ledger import Ledger
from tagwright.tokens.batch import Cutter, collate
from tagwright.tuning.access import follow_umask


def export_backbone(backbone: Backbone, folder: Path) -> None:
    """Write model, config and tokenizer into a new folder, load it again and compare."""
    _refuse_hooks(backbone)
    check_free(folder)
    try:
        _write(backbone, folder)
        _compare(backbone, folder)
    except ModelError:
        shutil.rmtree(folder)
        raise


def _refuse_hooks(backbone: Backbone) -> None:
    sight = backbone.sight
    if backbone.hooks is not None and sight is not None and len(sight.open) < sight.layers:
        raise ModelError(
            f"This labeler's sight is {sight}. transformers opens all layers of a model or none, so that plan lives in "
            "Tagwright alone. `tagwright export --merge` writes the whole labeler, with its plan, for tagwright.load. "
            "What can be exported without us: sight 'all', or none chosen."
        )


def _write(backbone: Backbone, folder: Path) -> None:
    model = backbone.model
    model.save_pretrained(folder)  # type: ignore[operator]
    follow_umask(folder.glob("*.safetensors"))
    config = copy.deepcopy(model.config)
    if backbone.hooks is not None:
        config.is_causal = False  # type: ignore[union-attr]
    config.save_pretrained(folder)  # type: ignore[union-attr, operator]
    backbone.tokenizer.tokenizer.save_pretrained(folder)


def _compare(backbone: Backbone, folder: Path) -> None:
    """What is loaded by transformers' own means sees and says the same."""
    plain = backbone.config.model_copy(update={"model": str(folder.absolute()), "revision": None, "sight": None})
    again = load_backbone(plain).to(next(backbone.parameters()).device).eval()
    if backbone.sight is not None:
        prove_sight(again.model, backbone.sight.flags, packs=False)
    pieces = Cutter(backbone.tokenizer, backbone.find_limits("truncate")).cut(DOCUMENTS, Ledger())
    batch = collate(pieces, backbone.tokenizer.pad_id).to(next(backbone.parameters()).device)
    with torch.no_grad():
        one, two = backbone.eval()(batch)[batch.keep], again(batch)[batch.keep]
    if not torch.allclose(one, two, rtol=1e-3, atol=1e-3 * float(one.abs().mean())):
        raise ModelError(f"{folder} was withdrawn: loaded again, it does not say what the labeler's backbone says.")
