"""On the built-in corpus, labels that only the words to the right can tell are learned with sight and not without."""

import pytest
import torch
from transformers import LlamaConfig, LlamaModel

from tagwright.backbone.backbone import Backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.untrained import learn_tokenizer
from tagwright.text.ledger import Ledger
from tagwright.text.synthetic import RIGHT_CONTEXT, make_corpus
from tagwright.tokens.align import WordTokenizer
from tagwright.tokens.batch import Cutter, collate

KINDS = sorted(RIGHT_CONTEXT["ner"])
TRAINED, STEPS = 250, 80


def learn(sight: str) -> float:
    """The share of held-out spans with a label of the right group that a small causal model tells, of three."""
    documents = [
        document
        for document in make_corpus("ner", documents=2400, seed=4)
        if len(document.spans) == 1 and document.spans[0].label in KINDS
    ]
    tokenizer = learn_tokenizer((word for document in documents for word in document.words), size=700)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        pad_token_id=tokenizer.pad_token_id,
    )
    settings = BackboneConfig(model="tiny", sight=sight, read_at="last")
    backbone = Backbone(LlamaModel(config), WordTokenizer(tokenizer), config=settings)
    head = torch.nn.Linear(32, len(KINDS))
    cutter = Cutter(backbone.tokenizer, backbone.find_limits())
    pieces = cutter.cut([document.words for document in documents], Ledger())
    spans = [document.spans[0] for document in documents]
    gold = torch.tensor([KINDS.index(span.label) for span in spans])
    last = torch.tensor([span.end - 1 for span in spans])
    batch = collate(pieces, backbone.tokenizer.pad_id)
    rows = torch.arange(len(pieces))
    held = rows >= TRAINED

    def tell(chosen: torch.Tensor) -> torch.Tensor:
        part = collate([pieces[int(row)] for row in chosen], backbone.tokenizer.pad_id)
        return head(backbone(part)[torch.arange(len(chosen)), last[chosen]])

    assert len(pieces) == len(documents) > TRAINED + 100 and batch.ids.shape[1] < 128
    optimizer = torch.optim.AdamW([*backbone.parameters(), *head.parameters()], lr=5e-3)
    if backbone.gates is not None:
        backbone.gates.begin(STEPS)
    for _ in range(STEPS):
        chosen = torch.randperm(TRAINED)[:50]
        loss = torch.nn.functional.cross_entropy(tell(chosen), gold[chosen])
        optimizer.zero_grad()
        loss.backward()
        if backbone.gates is not None:
            backbone.gates.step()
        optimizer.step()
    backbone.settle()
    with torch.no_grad():
        return float((tell(rows[held]).argmax(-1) == gold[held]).float().mean())


@pytest.mark.parametrize(("sight", "low", "high"), [("none", 0.2, 0.5), ("01", 0.9, 1.0), ("learned", 0.75, 1.0)])
def test_labels_to_the_right_are_learned_with_sight_alone(sight: str, low: float, high: float) -> None:
    assert low <= learn(sight) <= high
