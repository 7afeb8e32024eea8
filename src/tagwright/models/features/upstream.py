"""Upstream: all that the states of words depend on, by name, so that states kept on disk are never taken for others.

Plain JSON values; what is large is a digest. Knows nothing of files.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tagwright.backbone.backbone import Backbone
from tagwright.backbone.sight.masks import SightHooks
from tagwright.backbone.sight.sight import Sight
from tagwright.models.versions import find_versions
from tagwright.text.document import Document
from tagwright.tokens.batch import Piece
from tagwright.tuning.weights import digest_tensors

UNSAID = ("_name_or_path", "transformers_version")  # of a model's config: where it lay and who wrote it
LIBRARIES = ("torch", "transformers")


def describe_backbone(backbone: Backbone) -> dict[str, Any]:
    """What turns words into the states of all layers."""
    config, hooks, limits = backbone.config, backbone.hooks, backbone.find_limits()
    model: Any = backbone.model
    architecture = {name: value for name, value in model.config.to_dict().items() if name not in UNSAID}
    return {
        "weights": digest_tensors(model.state_dict()),
        "architecture": _digest([json.dumps(architecture, sort_keys=True, default=str).encode()]),
        "attention": str(config.attn_implementation),
        "tokenizer": _digest([backbone.tokenizer.tokenizer.backend_tokenizer.to_str().encode()]),
        "sight": "by nature" if hooks is None else str(_find_sight(hooks)),
        "scope": "document" if hooks is None else hooks.scope,
        "repeat": limits.repeat,
        "read_at": config.read_at,
        "windows": [limits.tokens, limits.overlap],
        "versions": {name: number for name, number in find_versions().items() if name in LIBRARIES},
    }


def _find_sight(hooks: SightHooks) -> Sight:
    """What they do at this moment, whatever plan they were made for."""
    opened = (layer for layer, is_turned in enumerate(hooks.turned) if is_turned != hooks.native)
    return Sight(len(hooks.turned), tuple(opened))


def describe_words(documents: Sequence[Document], pieces: Sequence[Piece]) -> dict[str, str]:
    """What is read, and how it was cut."""
    parts = (
        array.tobytes()
        for piece in pieces
        for array in (np.array([piece.document, piece.first, piece.count]), piece.ids, piece.words)
    )
    words = ("\0".join(document.words).encode("utf-8", "surrogatepass") + b"\1" for document in documents)
    return {"words": _digest(words), "tokens": _digest(parts)}


def _digest(parts: Iterable[bytes]) -> str:
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        state.update(part)
    return state.hexdigest()
