"""transformers alone, in this process, on the weights of a tagger of ours: its pipeline, and a bare loop over batches.

Knows nothing of timing or tables.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

from tagwright.inference.predictor import Predictor
from tagwright.text.document import Document, place_span

TOKENIZER = "tokenizer*.json special_tokens_map.json added_tokens.json vocab.* merges.txt *.model"


def write_folder(labeler: Predictor, folder: Path, model: str) -> None:
    """The tagger as a plain transformers token classification model: the same backbone, the same linear layer."""
    backbone: Any = labeler.tagger.backbone
    head: Any = labeler.tagger.head
    tags: list[str] = head.tags
    names = {"id2label": dict(enumerate(tags)), "label2id": {tag: index for index, tag in enumerate(tags)}}
    plain = AutoModelForTokenClassification.from_pretrained(model, num_labels=len(tags), **names)
    rest = [module for name, module in plain.named_children() if name != plain.base_model_prefix]
    linear = [module for module in rest if isinstance(module, nn.Linear)]
    if len(linear) != 1 or any(True for module in rest if module not in linear for _ in module.parameters()):
        raise SystemExit(f"{type(plain).__name__} has more than one linear layer on its backbone. Take an encoder.")
    plain.base_model.load_state_dict(backbone.model.state_dict())
    linear[0].load_state_dict(head.score.state_dict())
    plain.float().save_pretrained(folder)
    if Path(model).is_dir():  # the very files: older versions of transformers, in peers, read them too
        for pattern in TOKENIZER.split():
            for path in Path(model).glob(pattern):
                shutil.copy(path, folder)
    else:
        AutoTokenizer.from_pretrained(model).save_pretrained(folder)


class Opponent:
    """The pipeline over a list of texts, in the order given."""

    def __init__(self, folder: Path, dtype: str) -> None:
        dtypes = {"dtype": getattr(torch, dtype), "device": "cpu"}
        self._run = pipeline("token-classification", model=str(folder), aggregation_strategy="first", **dtypes)

    def run(self, documents: Sequence[Document], *, batch: int) -> list[list[dict[str, Any]]]:
        """What the pipeline gives for each document's text."""
        found: list[list[dict[str, Any]]] = self._run([document.text for document in documents], batch_size=batch)
        return found

    def label(self, documents: Sequence[Document]) -> list[Document]:
        """The documents with the words that the pipeline's entities touch as spans."""
        found = self.run(documents, batch=16)
        return [_place(entities, document) for entities, document in zip(found, documents, strict=True)]

    def cut_words(self, document: Document) -> Document:
        """The document with what the pipeline takes for words: what the tokenizer's own rules cut the text into."""
        encoded = self._run.tokenizer(document.text, return_offsets_mapping=True, truncation=True)
        words: dict[int, tuple[int, int]] = {}
        for word, (start, end) in zip(encoded.word_ids(), encoded["offset_mapping"], strict=True):
            if word is not None:
                words[word] = (words.get(word, (start, end))[0], end)
        return Document(document.text, tuple(words.values()), id=document.id)


def _place(entities: list[dict[str, Any]], document: Document) -> Document:
    placed = (place_span(document.offsets, [(e["start"], e["end"])], label=e["entity_group"]) for e in entities)
    spans = {(span.start, span.end, span.label): span for span in placed if span is not None}
    return document.with_spans(spans.values())


class BareLoop:
    """Forward passes and argmax over batches of like length: tokenised beforehand, nothing decoded."""

    def __init__(self, folder: Path, dtype: str, *, documents: Sequence[Document]) -> None:
        model = AutoModelForTokenClassification.from_pretrained(folder, dtype=getattr(torch, dtype))
        self._model = model.eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        limit = min(512, tokenizer.model_max_length)  # what is longer is cut, to the loop's advantage
        rows = tokenizer(
            [list(document.words) for document in documents],
            is_split_into_words=True,
            truncation=True,
            max_length=limit,
        )["input_ids"]
        self._rows = sorted(rows, key=len, reverse=True)

    def batch(self, tokens: int) -> list[tuple[Tensor, Tensor]]:
        """Padded batches of at most so many tokens."""
        batches, rows = [], self._rows
        while rows:
            size = max(1, tokens // len(rows[0]))
            taken, rows = rows[:size], rows[size:]
            ids = nn.utils.rnn.pad_sequence([torch.tensor(row) for row in taken], batch_first=True)
            batches.append((ids, torch.arange(ids.shape[1]) < torch.tensor([[len(row)] for row in taken])))
        return batches

    def run(self, batches: Sequence[tuple[Tensor, Tensor]]) -> None:
        with torch.inference_mode():
            for ids, attend in batches:
                self._model(input_ids=ids, attention_mask=attend).logits.argmax(-1)
