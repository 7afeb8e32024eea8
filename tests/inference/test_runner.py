import logging
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import torch
from torch import Tensor

from tagwright.errors import DataError, ModelError
from tagwright.inference.runner import PADDING, Runner, RunnerConfig
from tagwright.models.tagger import Tagger
from tagwright.text.document import Document
from tagwright.text.relation import Relation, Turn
from tagwright.text.span import Span
from tagwright.tokens.batch import Batch
from tiny_labelers import make_document, make_documents, make_tagger

DOCUMENTS = make_documents(60, most=40)  # many are longer than the model's 40 tokens
CONFIGS = (
    RunnerConfig(tokens_per_batch=1),
    RunnerConfig(tokens_per_batch=100),
    RunnerConfig(documents_at_once=7),
    RunnerConfig(words_at_once=50, tokens_per_batch=300),
)


def list_spans(documents: list[Document]) -> list[list[tuple[int, int, str]]]:
    return [[(span.start, span.end, span.label) for span in document.spans] for document in documents]


def list_scores(documents: list[Document]) -> list[float]:
    return [span.score for document in documents for span in document.spans if span.score is not None]


@pytest.mark.parametrize("head", ["softmax", "crf"])
def test_batches_order_and_padding_change_nothing(head: str) -> None:
    tagger = make_tagger(head=head)
    expected = Runner(tagger).predict(DOCUMENTS)
    assert sum(len(document.spans) for document in expected) > 50
    for config in CONFIGS:
        found = Runner(tagger, config=config).predict(DOCUMENTS)
        assert list_spans(found) == list_spans(expected)
        assert list_scores(found) == pytest.approx(list_scores(expected), abs=1e-4)
    order = Random(1).sample(range(60), 60)
    shuffled = Runner(tagger).predict([DOCUMENTS[at] for at in order])
    assert [document.id for document in shuffled] == [DOCUMENTS[at].id for at in order]
    assert list_spans(shuffled) == [list_spans(expected)[at] for at in order]


def test_gold_labels_change_no_prediction_and_all_else_comes_back() -> None:
    tagger = make_tagger()
    bare = make_document(["pa", "xx", "lb", "c"], id="7", group="news", meta={"line": 3})
    gold = replace(
        bare,
        spans=(Span(0, 1, "LOC"), Span(2, 4, "PER")),
        relations=(Relation(0, 1, "near"),),
        turns=(Turn("me", 0, 4),),
    )
    (one,), (other,) = Runner(tagger).predict([bare]), Runner(tagger).predict([gold])
    assert one.spans == other.spans and list_scores([one]) == list_scores([other])
    assert (other.id, other.group, other.meta, other.turns) == ("7", "news", {"line": 3}, gold.turns)
    assert other.relations == ()


@pytest.mark.parametrize(
    "document",
    [
        Document("", ()),
        Document("  \n ", ()),
        Document.from_words([""]),
        Document.from_words(["", "pa", ""]),
        Document("pa\u200bla", ((0, 2), (2, 3), (3, 5))),
    ],
)
def test_documents_without_words_or_tokens_come_through(document: Document) -> None:
    before, after = make_document(["pa"]), make_document(["la", "b"])
    found = Runner(make_tagger()).predict([before, document, after])
    assert [len(one) for one in found] == [1, len(document), 2]
    assert found[1].text == document.text and (found[1].words or not found[1].spans)


def test_words_without_a_single_token_come_through_a_tokenizer_without_special_ones() -> None:
    tagger = make_tagger()
    tokenizer = tagger.backbone.tokenizer
    tokenizer.before, tokenizer.after = tokenizer.before[:0], tokenizer.after[:0]
    alone = Runner(tagger).predict([["pa", "lb"]])[0]
    found = Runner(tagger).predict([["", ""], ["pa", "lb"]])
    assert len(found[0]) == 2
    assert list_spans(found[1:]) == list_spans([alone])
    assert list_scores(found[1:]) == pytest.approx(list_scores([alone]), abs=1e-4)


class Owner(torch.nn.Module):
    """A backbone that gives every word the length of its window: shows which window a word's state is from."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.tokenizer, self.config, self.find_limits = tagger.backbone.tokenizer, None, tagger.backbone.find_limits
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, batch: Batch, fusion: object = None) -> Tensor:
        lengths = torch.full((len(batch.ids),), batch.ids.shape[1]) if batch.attend is None else batch.attend.sum(1)
        return lengths[:, None, None].float().expand(-1, batch.width, 16)


def test_each_word_has_the_state_of_the_window_that_answers_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = make_tagger(max_tokens=12, overlap=6)
    words = ["pxy", "a", "lz", "bxyz", "p", "c"] * 6
    pieces = {
        (piece.first, piece.count): len(piece)
        for piece in tagger.cut([Document.from_words(words)], Runner(tagger).ledger)
    }
    tagger.backbone = Owner(tagger)
    seen: list[Tensor] = []

    def decode(states: Tensor, given: list[Document], *, keep: Tensor) -> list[Document]:
        assert keep.all()
        seen.append(states[0, :, 0])
        return given

    monkeypatch.setattr(tagger, "decode", decode)
    Runner(tagger, config=RunnerConfig(tokens_per_batch=30)).predict([words])
    expected = [size for (_, count), size in sorted(pieces.items()) for _ in range(count)]
    assert len(set(expected)) > 2 and seen[0].tolist() == expected


def test_windows_agree_where_context_reaches_no_further() -> None:
    """A model whose layers see one token: cut anywhere, every word keeps its label."""
    tagger = make_tagger(head="softmax")
    whole = make_tagger(head="softmax", max_tokens=10, overlap=3)
    for one in (tagger, whole):
        for layer in one.backbone.model.encoder.layer:
            torch.nn.init.zeros_(layer.attention.output.dense.weight)  # nothing passes between words
        torch.nn.init.zeros_(one.backbone.model.embeddings.position_embeddings.weight)
    expected, found = Runner(tagger).predict(DOCUMENTS), Runner(whole).predict(DOCUMENTS)
    assert list_spans(found) == list_spans(expected)
    assert list_scores(found) == pytest.approx(list_scores(expected), abs=1e-4)


def test_what_is_cut_off_is_counted_and_may_be_refused() -> None:
    words = ["pxyz"] * 30
    cut = Runner(make_tagger(), config=RunnerConfig(on_long="truncate"))
    found = cut.predict([words, ["pa"]])
    assert cut.ledger.total == 30 - 9 and "--on-long truncate" in next(cut.ledger.lines())
    assert len(found[0]) == 30 and all(span.end <= 9 for span in found[0].spans)
    with pytest.raises(DataError, match="document 2 has 120 tokens, 38 fit. Use --on-long window"):
        Runner(make_tagger(), config=RunnerConfig(on_long="error")).predict([["pa"], words])


def test_streams_are_read_as_they_are_needed() -> None:
    read = []

    def give() -> Iterator[list[str]]:
        for at in range(100):
            read.append(at)
            yield ["pa", "lb"]

    stream = Runner(make_tagger(), config=RunnerConfig(documents_at_once=10)).stream(give())
    assert read == []
    next(stream)
    assert len(read) == 10
    by_words = Runner(make_tagger(), config=RunnerConfig(words_at_once=6)).stream(give())
    next(by_words)
    assert len(read) == 13


def test_long_and_short_documents_are_not_padded_to_one_length(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger, sizes = make_tagger(), []
    collate = tagger.collate

    def watch(pieces: list[Any]) -> Batch:
        batch = collate(pieces)
        sizes.append((batch.ids.numel(), sum(map(len, pieces))))
        return batch

    monkeypatch.setattr(tagger, "collate", watch)
    Runner(tagger).predict([["pa"] * words for words in (30, 2, 29, 3, 2, 30, 3, 2)])
    assert len(sizes) == 2
    assert all(padded - real <= PADDING for padded, real in sizes)


def fail_above(tagger: Tagger, documents: int, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    encode = tagger.encode

    def run(batch: Batch) -> Tensor:
        if len(batch.ids) > documents:
            raise error
        return encode(batch)

    monkeypatch.setattr(tagger, "encode", run)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_batches_that_do_not_fit_are_made_smaller(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    tagger = make_tagger()
    expected = Runner(tagger).predict(DOCUMENTS)
    fail_above(tagger, 3, monkeypatch, error)
    monkeypatch.setattr("tagwright.inference.runner.PADDING", 4096)  # all in one batch, as on an accelerator
    runner = Runner(tagger, config=RunnerConfig(tokens_per_batch=4096))
    with caplog.at_level(logging.WARNING):
        found = runner.predict(DOCUMENTS)
    assert list_spans(found) == list_spans(expected)
    assert "Out of memory with 102 documents in a batch: going on with 2040 tokens" in caplog.text
    assert runner.config.tokens_per_batch <= 3 * 40
    said = len(caplog.records)
    runner.predict(DOCUMENTS)
    assert len(caplog.records) == said  # it has learnt what fits


def test_out_of_memory_while_decoding_windows_loses_no_document(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = make_tagger()
    expected = Runner(tagger).predict(DOCUMENTS)
    decode, fails = tagger.decode, [3, 9]

    def run(states: Tensor, given: list[Document], *, keep: Tensor) -> list[Document]:
        fails[:] = [left - 1 for left in fails]
        if 0 in fails:
            raise torch.OutOfMemoryError
        return decode(states, given, keep=keep)

    monkeypatch.setattr(tagger, "decode", run)
    assert list_spans(Runner(tagger, config=RunnerConfig(tokens_per_batch=400)).predict(DOCUMENTS)) == list_spans(
        expected
    )
    assert max(fails) < 0


def test_a_window_that_never_fits_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = make_tagger()
    fail_above(tagger, 0, monkeypatch, torch.OutOfMemoryError())
    with pytest.raises(ModelError, match='Out of memory with a single window of 4 tokens.*dtype="bfloat16"'):
        Runner(tagger).predict([["pa"]])


def test_other_errors_are_not_taken_for_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = make_tagger()
    fail_above(tagger, 0, monkeypatch, RuntimeError("shapes differ"))
    with pytest.raises(RuntimeError, match="shapes differ"):
        Runner(tagger).predict([["pa"]])


def test_texts_give_span_dicts() -> None:
    runner = Runner(make_tagger())
    text = "pa  lb, cxy pz"
    spans = runner(text)
    assert spans and list(spans[0]) == ["start", "end", "label", "text", "score"]
    assert all(text[span["start"] : span["end"]] == span["text"] and 0 < span["score"] <= 1 for span in spans)
    document = runner.predict([text])[0]
    assert [span["text"] for span in runner(document)] == [span["text"] for span in spans]
    both = runner([text, document])
    assert len(both) == 2 and both[0] == both[1]
    assert runner([]) == [] and runner("") == []


@pytest.mark.parametrize("wrong", [5, None, b"text", {"text": "pa"}, [5], [None], [["pa", 5]], [{"text": "pa"}]])
def test_what_is_no_text_is_refused(wrong: Any) -> None:
    with pytest.raises(DataError, match="Give a list of documents; each is a text, a list of words, or a Document"):
        Runner(make_tagger())(wrong)


def test_one_text_is_not_a_list_of_letters() -> None:
    with pytest.raises(DataError, match="A str is not a list of documents"):
        Runner(make_tagger()).predict("pa lb")


def test_softmax_scores_are_products_of_tag_probabilities() -> None:
    tagger = make_tagger()
    document = Runner(tagger).predict([["pa", "lb", "p", "px", "c"]])[0]
    batch = tagger.collate(tagger.cut([document], Runner(tagger).ledger))
    with torch.inference_mode():
        best = tagger.head.emit(tagger.encode(batch)).softmax(-1)[0].amax(-1)
    for span in document.spans:
        assert span.score == pytest.approx(float(best[span.start : span.end].prod()), abs=1e-5)
    assert document.spans
