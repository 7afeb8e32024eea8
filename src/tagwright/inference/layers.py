"""Layers: how much each layer counts for the words of each label, where a labeler's fusion weighs layers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tagwright.inference.runner import Runner
from tagwright.models.tagger import Tagger
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.tokens.batch import group

NONE = "O"  # a word without a label


def weigh_layers(runner: Runner, documents: Sequence[Document]) -> dict[str, Any]:
    """The mean weight of each layer over the words of each gold label, the most frequent first; plain JSON values.

    layers: their numbers, 0 the embeddings. labels: the weights by label. words: how many words have the label.
    Empty where nothing is weighed or there is no document.
    """
    if not isinstance(runner.model, Tagger):
        return {}
    tagger, labels = runner.model, [_find_labels(document) for document in documents]
    pieces = sorted(tagger.cut([document.only() for document in documents], Ledger()), key=len)
    words: Counter[str] = Counter()
    sums: dict[str, torch.Tensor] = {}
    for rows in group(np.array([len(piece) for piece in pieces]), tokens=runner.config.tokens_per_batch):
        chosen = [pieces[row] for row in rows]
        batch = tagger.collate(chosen).to(runner.device)
        with torch.inference_mode():
            weights = tagger.fusion.weigh(tagger.backbone(batch).float())
        if weights is None:
            return {}
        said = np.concatenate([labels[one.document][one.first : one.first + one.count] for one in chosen])
        for label in np.unique(said).tolist():
            found = weights[batch.keep][torch.from_numpy(said == label).to(weights.device)].double().sum(0).cpu()
            sums[label] = sums.get(label, torch.zeros_like(found)) + found
        words.update(said.tolist())
    means = {label: [round(share, 4) for share in (sums[label] / n).tolist()] for label, n in words.most_common()}
    return {"layers": list(tagger.fusion.layers), "labels": means, "words": dict(words.most_common())} if means else {}


def _find_labels(document: Document) -> np.ndarray[Any, np.dtype[np.object_]]:
    found = np.full(len(document), NONE, dtype=object)
    for span in document.spans:
        found[span.start : span.end] = span.label
    return found
