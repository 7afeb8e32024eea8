"""Candidates of heads that tag words: every span that tags can say, scored as all paths written out say."""

from itertools import product

import pytest
import torch
from torch import Tensor

from tagwright.heads.config import HeadConfig
from tagwright.heads.crf import CrfHead
from tagwright.heads.head import TagHead
from tagwright.heads.softmax import SoftmaxHead
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.schemes import SCHEMES
from tagwright.text.span import Span

LABELS = {"IO": ("X", "Y"), "IOB1": ("X", "Y"), "BIO": ("X", "Y"), "BIOES": ("X",), "WORD": ("X", "Y", "Z")}
Key = tuple[int, int, str]


def make_head(kind: type[TagHead], scheme: str) -> TagHead:
    """A head whose states are its emissions."""
    torch.manual_seed(0)
    labels = Labels(LABELS[scheme])
    tags = len(SCHEMES[scheme].make_tags(labels))
    name = "crf" if kind is CrfHead else "softmax"
    head = kind(tags, labels, config=HeadConfig(name=name, scheme=scheme, dropout=0))  # type: ignore[arg-type]
    with torch.no_grad():
        head.score.weight.copy_(torch.eye(tags))
        head.score.bias.zero_()
        if isinstance(head, CrfHead):
            for weights in (head.steps, head.starts, head.ends):
                weights.normal_()
    return head.eval()


@torch.no_grad()
def weigh_paths(head: TagHead, emissions: Tensor) -> dict[tuple[int, ...], float]:
    """The probability of every tag sequence that the head allows."""
    emissions = emissions.double()
    weights = {}
    for path in product(range(len(head.tags)), repeat=len(emissions)):
        score = sum(emissions[word, tag] for word, tag in enumerate(path))
        if isinstance(head, CrfHead):
            names = [None, *(head.tags[tag] for tag in path), None]
            if not all(head.scheme.allows(*pair) for pair in zip(names, names[1:], strict=False)):
                continue
            score = score + head.starts[path[0]] + head.ends[path[-1]]
            score = score + sum(head.steps[pair].double() for pair in zip(path, path[1:], strict=False))
        weights[path] = float(torch.as_tensor(score).exp())
    whole = sum(weights.values())
    return {path: weight / whole for path, weight in weights.items()}


def list_by_brute_force(head: TagHead, emissions: Tensor) -> dict[Key, float]:
    """For every span: how likely are just its own tags, with the span begun and ended there?"""
    found: dict[Key, float] = {}
    length = len(emissions)
    for path, weight in weigh_paths(head, emissions).items():
        for span in head.scheme.decode([head.tags[tag] for tag in path]):
            alone = head.scheme.encode([Span(0, len(span), span.label)], len(span))
            if [head.tags[tag] for tag in path[span.start : span.end]] == alone:
                key = (span.start, span.end, span.label)
                found[key] = found.get(key, 0.0) + weight
    assert all(end <= length for _, end, _ in found)
    return found


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", [SoftmaxHead, CrfHead])
@pytest.mark.parametrize("least", [1e-9, 0.05])
def test_candidates_are_those_of_all_paths(kind: type[TagHead], scheme: str, least: float) -> None:
    head = make_head(kind, scheme)
    rows = (4, 1, 3)
    keep = torch.arange(max(rows)) < torch.tensor(rows)[:, None]
    states = torch.randn(len(rows), max(rows), len(head.tags))
    given = [Document.from_words(["w"] * words) for words in rows]
    with torch.inference_mode():
        found = head.list_candidates(states, given, keep=keep, least=least)
        decoded = head.decode(states, given, keep=keep)
    for row, (length, spans, document) in enumerate(zip(rows, found, decoded, strict=True)):
        expected = {k: v for k, v in list_by_brute_force(head, states[row, :length]).items() if v >= least}
        said = {(span.start, span.end, span.label): span.score for span in spans}
        assert len(said) == len(spans)
        assert said == pytest.approx(expected, abs=1e-6)
        if isinstance(head, CrfHead):  # of spans with the same tags it gives the very same score
            for span in document.spans:
                key = (span.start, span.end, span.label)
                assert key not in said or scheme == "IOB1" or said[key] == pytest.approx(span.score, abs=1e-9)
