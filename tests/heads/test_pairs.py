"""The pairs head: it learns what nests, overlaps and relates; its beam loses nothing needed and keeps memory small."""

from dataclasses import replace
from typing import Any, Literal

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from nested_documents import NESTED, ROLES, Text, make_documents, make_states
from tagwright.errors import DataError
from tagwright.evaluation.report import evaluate
from tagwright.heads.config import HeadConfig
from tagwright.heads.pairs import PairsHead
from tagwright.heads.structure.beam import LEAST, Places
from tagwright.heads.structure.targets import SPAN
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.relation import Relation
from tagwright.text.span import Span

WIDTH = 24
LABELS = Labels(("LOC", "ORG", "PER"), ("in", "owns"))
Given = Literal["nothing", "predicates", "spans"]


def make_head(labels: Labels = LABELS, *, seed: int = 0, bold: float = 0.0, **settings: Any) -> PairsHead:
    """A head with weights from the seed; a `bold` one has random scores too, and so finds a lot."""
    torch.manual_seed(seed)
    head = PairsHead(WIDTH, labels, config=HeadConfig(name="pairs", **{"dropout": 0.0, **settings}))
    if bold:
        for weight in head.parameters():
            torch.nn.init.normal_(weight, std=bold)
    return head.eval()


def learn(head: PairsHead, documents: list[Document], *, steps: int = 60) -> list[Document]:
    states, keep = make_states(documents)
    gold = head.stack([head.find_target(document) for document in documents])
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-2)
    for _ in range(steps):
        loss = head.loss(states, gold, keep=keep)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return find(head, documents)


def find(head: PairsHead, documents: list[Document]) -> list[Document]:
    states, keep = make_states(documents)
    with torch.inference_mode():
        return head.decode(states, [document.only(head.given) for document in documents], keep=keep)


@pytest.mark.parametrize(
    ("texts", "given"), [(NESTED, "nothing"), (NESTED, "spans"), (ROLES, "predicates"), (ROLES, "nothing")]
)
def test_it_learns_eight_documents_by_heart(texts: tuple[Text, ...], given: Given) -> None:
    documents, config = make_documents(texts), HeadConfig(name="pairs", given=given)
    head = make_head(PairsHead.list_labels(documents, config), given=given)
    found = learn(head, documents)
    report = evaluate(documents, found)
    assert report.score("exact.f1") == report.score("relations.f1") == report.score("relations_boundary.f1") == 1
    for document, gold in zip(found, documents, strict=True):
        assert {span.bounds for span in document.spans} == {span.bounds for span in gold.spans}
        shown = set(gold.only(head.given).spans)
        assert all(0.5 < (span.score or 0) <= 1 for span in document.spans if span not in shown)
        assert all(0.5 < (edge.score or 0) <= 1 for edge in document.relations)


# --- beams -----------------------------------------------------------------------------------------------------------


def make_long(words: int) -> Document:
    """Spans of up to four words and relations, some each eight words."""
    spans = [Span(at, at + 1 + at % 4, LABELS[at % 3]) for at in range(0, words - 8, 4)]
    edges = [Relation(at, at + 1, LABELS.relations[at % 2]) for at in range(len(spans) - 1)]
    return Document.from_words(["w"] * words, spans=tuple(spans), relations=tuple(edges))


def score_all(head: PairsHead, states: Tensor) -> tuple[dict[Span, float], dict[tuple[Any, ...], float]]:
    """Every stretch of words of one document, and every pair of those that are spans, one by one."""
    assert head.spans is not None and head.edges is not None
    total = states.shape[1]
    bounds = [(s, e) for s in range(total) for e in range(s + 1, min(s + head.config.longest, total) + 1)]
    words, borders = head.reader.look(states), head.spans.look(states)
    spans: dict[Span, float] = {}
    for start, end in bounds:
        place = Places(torch.tensor([0]), torch.tensor([start]), torch.tensor([end]), total + 1)
        ranks = head.spans.rank_at(borders, place)
        vector = head.reader.embed(words, place)
        for label, score in zip(head.labels, head.spans.classify(vector, ranks)[0].sigmoid().tolist(), strict=True):
            if score > 0.5:
                spans[Span(start, end, label)] = score
    edges: dict[tuple[Any, ...], float] = {}
    for one in {span.bounds for span in spans}:
        for other in {span.bounds for span in spans} - {one}:
            row, start, end = torch.tensor([(0, *one), (0, *other)]).T
            places = Places(row, start, end, total + 1)
            ends = head.edges.look(places, head.reader.embed(words, places))
            _, scores = head.edges.classify(ends, heads=torch.tensor([0]), tails=torch.tensor([1]), states=states)
            for label, score in zip(head.labels.relations, scores[0].sigmoid().tolist(), strict=True):
                if score > 0.5:
                    edges[one, other, label] = score
    return spans, edges


def test_a_full_beam_finds_what_scoring_everything_finds() -> None:
    head, document = make_head(bold=0.2, longest=4, beam=100, seed=3), Document.from_words(["w"] * 9)
    states, keep = make_states([document])
    with torch.inference_mode():
        (found,) = head.decode(states, [document], keep=keep)
        spans, edges = score_all(head, states)
    assert {span: span.score for span in found.spans} == pytest.approx(spans, abs=1e-5)
    ends = [span.bounds for span in found.spans]
    got = {(ends[edge.head], ends[edge.tail], edge.label): edge.score for edge in found.relations}
    assert got == pytest.approx(edges, abs=1e-5)
    assert 5 < len(spans) < 3 * 30 and len(edges) > 5  # enough to tell, and not simply all


def test_a_narrow_beam_finds_the_best_of_it() -> None:
    wide, narrow = (make_head(bold=0.2, longest=4, beam=beam, seed=3) for beam in (100, 0.01))
    (document,) = documents = [Document.from_words(["w"] * 40)]
    whole, part = (find(head, documents)[0] for head in (wide, narrow))
    assert set(part.spans) < set(whole.spans) and len({span.bounds for span in part.spans}) <= LEAST
    assert len(document.spans) == 0


def pull(spans: tuple[Span, ...], edges: tuple[Relation, ...] = ()) -> list[Tensor]:
    """Where a document pulls scores of span labels, of relations and of lengths, with a beam that likes only words."""
    head, document = make_head(longest=4, beam=0.1), Document.from_words(["w"] * 40, spans=spans, relations=edges)
    assert head.spans is not None and head.edges is not None
    with torch.no_grad():
        for weight in head.spans.sort.parameters():
            weight.zero_()
        head.spans.rank_by_length.copy_(torch.tensor([-1.0, -9, -9, -9]))
    states, keep = make_states([document])
    alone = head._find_beam(states, keep, given=(torch.empty(0, dtype=torch.int64),) * 3)
    assert alone.places.length.max() == 1
    head.loss(states, head.stack([head.find_target(document)]), keep=keep).backward()
    weights = (head.spans.score.bias, head.edges.score.bias, head.spans.rank_by_length)
    return [-weight.grad for weight in weights if weight.grad is not None]


def test_a_gold_span_that_the_beam_drops_still_teaches() -> None:
    spans = (Span(20, 23, "ORG"), Span(30, 34, "LOC"))
    nothing, found, related = pull(()), pull(spans), pull(spans, (Relation(0, 1, "owns"),))
    assert (found[0] - nothing[0]).tolist() == pytest.approx([1, 1, 0], abs=0.01)  # LOC and ORG go up
    assert (found[2] - nothing[2])[2:].tolist() == pytest.approx([2, 2], abs=0.01)  # as spans, and by their labels
    assert (related[1] - found[1]).tolist() == pytest.approx([0, 1], abs=0.2)  # and so does their relation


def test_relations_are_taught_beside_those_that_the_beam_takes_for_likely() -> None:
    document = make_long(40)
    head = make_head(longest=4)
    states, keep = make_states([document])
    gold = head.stack([head.find_target(document)])
    with_all, without = (make_head(longest=4, beam=beam).loss(states, gold, keep=keep) for beam in (100, 0.01))
    assert with_all > without > 0


class Sizes(TorchDispatchMode):
    """The numbers in the largest tensor that is made."""

    largest = 0

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = operation(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, Tensor):
                self.largest = max(self.largest, tensor.untyped_storage().nbytes() // tensor.itemsize)
        return made


def measure(words: int, labels: Labels = LABELS, *, longest: int = 16) -> tuple[int, int]:
    """The largest tensor of learning and of finding, and all that learning keeps for the backward pass."""
    head, document = make_head(labels, longest=longest), make_long(words)
    states, keep = make_states([document])
    states.requires_grad_()
    gold = head.stack([head.find_target(document)])
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with Sizes() as sizes:
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            loss = head.loss(states, gold, keep=keep)
        loss.backward()
        with torch.no_grad():
            head.decode(states, [document.only()], keep=keep)
    return sizes.largest, sum(kept.values())


def test_memory_grows_with_the_words_and_not_with_their_square() -> None:
    (small, kept_small), (large, kept_large) = measure(256), measure(1024)
    assert large <= 4.1 * small and kept_large <= 4.1 * kept_small
    assert large < 1024 * 1024 / 2  # there is never a number for each pair of words


def test_labels_cost_only_what_survives() -> None:
    many = Labels(tuple(f"L{at}" for at in range(60)) + LABELS.names, LABELS.relations)
    (_, few_kept), (largest, many_kept) = measure(512), measure(512, many)
    survivors = 2 * 512  # the beam, and the gold
    assert many_kept - few_kept <= 2 * 60 * survivors * 4 + 60 * 128 * 4  # scores and what is wanted; and their weights
    assert largest < 512 * 16 * 60


def test_longer_spans_cost_a_number_each() -> None:
    (_, short), (_, long) = measure(512, longest=8), measure(512, longest=32)
    assert long - short <= 3 * (32 - 8) * 512 * 4


# --- documents -------------------------------------------------------------------------------------------------------


def test_company_changes_nothing() -> None:
    documents, head = make_documents(), make_head(bold=0.15, seed=1, longest=4)
    states, keep = make_states(documents)
    changed = states.masked_fill(~keep[..., None], 9.0)
    with torch.inference_mode():
        together = head.decode(changed, [document.only() for document in documents], keep=keep)
        for row, document in enumerate(documents):
            words = len(document)
            (alone,) = head.decode(states[row : row + 1, :words], [document.only()], keep=keep[row : row + 1, :words])
            assert (alone.spans, alone.relations) == (together[row].spans, together[row].relations)
            scores = [item.score for item in (*alone.spans, *alone.relations)]
            assert scores == pytest.approx(
                [s.score for s in (*together[row].spans, *together[row].relations)], abs=1e-5
            )
    assert any(document.relations for document in together)


def test_the_loss_is_a_sum_over_documents() -> None:
    documents, head = make_documents(), make_head(bold=0.1)
    states, keep = make_states(documents)
    targets = [head.find_target(document) for document in documents]
    alone = [
        head.loss(
            states[row : row + 1, : len(document)], head.stack([target]), keep=keep[row : row + 1, : len(document)]
        )
        for row, (document, target) in enumerate(zip(documents, targets, strict=True))
    ]
    torch.testing.assert_close(head.loss(states, head.stack(targets), keep=keep), torch.stack(alone).sum())


def test_autocast_changes_nothing() -> None:
    documents, head = make_documents(), make_head(bold=0.1)
    states, keep = make_states(documents)
    gold = head.stack([head.find_target(document) for document in documents])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = head.loss(states, gold, keep=keep)
    assert loss.dtype == torch.float32 and loss == head.loss(states, gold, keep=keep)


@pytest.mark.parametrize("given", ["nothing", "predicates", "spans"])
def test_a_batch_without_anything_is_learned_and_read(given: Given) -> None:
    labels = {"nothing": LABELS, "predicates": Labels(("",), ("in",)), "spans": Labels((), ("in",))}[given]
    head, documents = make_head(labels, given=given), [Document.from_words(["w"] * 3), Document.from_words(["w"])]
    states, keep = make_states(documents)
    loss = head.loss(states, head.stack([head.find_target(document) for document in documents]), keep=keep)
    loss.backward()
    assert loss.isfinite() and all(weight.grad is not None for weight in head.parameters())
    assert find(head, documents) == documents


def test_given_spans_stay_and_those_beyond_a_cut_have_no_relation() -> None:
    head = make_head(Labels((), ("in", "owns")), given="spans", bold=0.3)
    document = Document.from_words(["w"] * 6, id="d", spans=(Span(4, 6, "B"), Span(0, 1, "A"), Span(1, 3)))
    states, _ = make_states([document])
    keep = torch.ones(1, 6, dtype=torch.bool)
    with torch.inference_mode():
        (whole,) = head.decode(states, [document], keep=keep)
        (cut,) = head.decode(states[:, :4], [document], keep=keep[:, :4])
    assert whole.spans == cut.spans == document.spans and whole.id == "d"
    assert all({edge.head, edge.tail} <= {1, 2} for edge in cut.relations)


def test_a_window_teaches_what_it_shows_whole() -> None:
    head, document = make_head(), make_documents()[0]
    target = head.find_target(document)
    assert [row[0] for row in target.tolist()].count(SPAN) == 3 and len(target) == 5
    parts = [head.cut_target(target, first=first, last=last) for first, last in ((0, 4), (3, 7))]
    assert parts[0].tolist() == []
    assert parts[1].tolist() == [[SPAN, 0, 2, 0, 2, 0], [SPAN, 3, 4, 3, 4, 1]]


def test_weights_do_not_depend_on_the_beam() -> None:
    one, other = make_head(beam=1), make_head(beam=2)
    other.load_state_dict(one.state_dict())
    documents = make_documents()
    assert find(one, documents) == find(other, documents)


@pytest.mark.parametrize("given", ["predicates", "spans"])
def test_relations_are_all_there_is_to_learn_where_spans_are_given(given: Given) -> None:
    documents = [replace(document, relations=()) for document in make_documents()]
    with pytest.raises(
        DataError, match=f"None of the 8 training documents has a relation, and where {given} are given"
    ):
        PairsHead.list_labels(documents, HeadConfig(name="pairs", given=given))


def test_labels_are_those_of_what_is_predicted() -> None:
    nested, roles = make_documents(), make_documents(ROLES)
    settings: tuple[Given, ...] = ("nothing", "predicates", "spans")
    nothing, predicates, spans = (HeadConfig(name="pairs", given=given) for given in settings)
    assert PairsHead.list_labels(nested, nothing) == Labels(("LOC", "ORG", "PER"), ("in", "owns"))
    assert PairsHead.list_labels(nested, spans) == Labels((), ("in", "owns"))
    assert PairsHead.list_labels(roles, predicates) == Labels(("",), ("what", "who", "whom"))
    assert PairsHead.list_labels(roles, nothing).names == ("eat", "give", "rain", "run", "see", "sell", "")
    assert make_head().predicts == {"spans", "relations"} and make_head(Labels(("X",))).predicts == {"spans"}
    assert make_head(Labels(("",), ("who",)), given="predicates").predicts == {"relations"}
