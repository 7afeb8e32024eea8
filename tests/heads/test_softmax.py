"""The softmax head: its loss against torch's, its scores against products of probabilities."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tagwright.heads.config import HeadConfig
from tagwright.heads.softmax import SoftmaxHead
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.span import Span

KEEP = torch.arange(5) < torch.tensor([5, 3, 1])[:, None]
GOLD = torch.tensor([[0, 1, 2, 0, 3], [1, 0, 4, -100, -100], [0, -100, -100, -100, -100]])


def make_head(**settings: Any) -> SoftmaxHead:
    torch.manual_seed(0)
    return SoftmaxHead(8, Labels(("X", "Y")), config=HeadConfig(scheme="BIO", dropout=0, **settings)).eval()


@pytest.fixture
def states() -> Tensor:
    torch.manual_seed(1)
    return torch.randn(3, 5, 8) * 3


def test_the_loss_is_the_cross_entropy_summed_over_words(states: Tensor) -> None:
    head = make_head()
    wanted = F.cross_entropy(head.score(states).flatten(0, 1), GOLD.flatten(), ignore_index=-100, reduction="sum")
    torch.testing.assert_close(head.loss(states, GOLD, keep=KEEP), wanted)


def test_padding_takes_no_part(states: Tensor) -> None:
    head = make_head()
    changed = states.masked_fill(~KEEP[..., None], 99.0)
    assert head.loss(states, GOLD, keep=KEEP) == head.loss(changed, GOLD, keep=KEEP)
    states.requires_grad_()
    head.loss(states, GOLD, keep=KEEP).backward()
    assert states.grad is not None and not states.grad[~KEEP].any() and states.grad[KEEP].abs().sum(-1).all()


def test_the_focal_loss_is_its_formula(states: Tensor) -> None:
    head = make_head(focal=2.0)
    share = head.score(states).softmax(-1).gather(-1, GOLD.clamp(min=0)[..., None])[..., 0][KEEP]
    torch.testing.assert_close(head.loss(states, GOLD, keep=KEEP), (-((1 - share) ** 2) * share.log()).sum())
    tiny, plain = make_head(focal=1e-9), make_head()
    torch.testing.assert_close(tiny.loss(states, GOLD, keep=KEEP), plain.loss(states, GOLD, keep=KEEP))


def test_a_focal_loss_of_certain_words_has_a_finite_gradient() -> None:
    head = make_head(focal=0.5)
    states = torch.full((1, 1, 8), 1e4, requires_grad=True)
    best = head.score(states).argmax(-1)
    head.loss(states, best, keep=torch.ones(1, 1, dtype=torch.bool)).backward()
    assert states.grad is not None and states.grad.isfinite().all()


def test_balanced_weights_make_every_tag_count_the_same(states: Tensor) -> None:
    head, targets = make_head(class_weights="balanced"), [np.array([0] * 6), np.array([0, 0, 1, 2])]
    head.learn_weights(targets)
    counts = np.array([8, 1, 1])
    shares = head.weights[:3].numpy() * counts
    assert shares == pytest.approx([10 / 3] * 3)  # the same for each, and the words' mean weight is 1
    assert head.weights[3:].tolist() == [1, 1]
    wanted = F.cross_entropy(
        head.score(states).flatten(0, 1), GOLD.flatten(), weight=head.weights, ignore_index=-100, reduction="sum"
    )
    torch.testing.assert_close(head.loss(states, GOLD, keep=KEEP), wanted)


def test_without_a_wish_all_tags_weigh_the_same() -> None:
    head = make_head()
    head.learn_weights([np.array([0, 0, 0, 1])])
    assert head.weights.tolist() == [1] * 5


def test_a_score_is_the_product_of_the_words_probabilities(states: Tensor) -> None:
    head, given = make_head(), [Document.from_words(["w"] * int(length)) for length in KEEP.sum(1)]
    best, tags = head.score(states).softmax(-1).max(-1)
    found = head.decode(states, given, keep=KEEP)
    assert any(document.spans for document in found)
    for row, document in enumerate(found):
        named = [head.tags[tag] for tag in tags[row, : len(document)]]
        assert list(document.spans) == head.scheme.decode(named)
        for span in document.spans:
            assert span.score == pytest.approx(best[row, span.start : span.end].prod().item(), abs=1e-6)


def test_words_that_were_cut_off_get_no_span() -> None:
    head = make_head()
    with torch.no_grad():
        head.score.bias.copy_(torch.tensor([0.0, 50, 0, 0, 0]))  # every word is B-X
    short, long = (Document.from_words(["w"] * 5) for _ in range(2))
    keep = torch.tensor([[True] * 2 + [False] * 3, [True] * 5])
    found = head.decode(torch.zeros(2, 5, 8), [short, long], keep=keep)
    assert [len(document.spans) for document in found] == [2, 5]


def test_company_changes_nothing(states: Tensor) -> None:
    head, given = make_head(), [Document.from_words(["w"] * int(length)) for length in KEEP.sum(1)]
    for row, document in enumerate(head.decode(states, given, keep=KEEP)):
        words = len(document)
        (alone,) = head.decode(states[row : row + 1, :words], [given[row]], keep=KEEP[row : row + 1, :words])
        assert alone.spans == document.spans
        assert [s.score for s in alone.spans] == pytest.approx([s.score for s in document.spans], abs=1e-6)


def test_given_parts_stay() -> None:
    head = make_head()
    given = Document.from_words(["w"], id="d", spans=[Span(0, 1, "given")])
    (found,) = head.decode(torch.zeros(1, 1, 8), [given], keep=torch.ones(1, 1, dtype=torch.bool))
    assert found.id == "d" and found.words == ("w",)


def test_half_precision_and_autocast_run(states: Tensor) -> None:
    exact = make_head().loss(states.bfloat16().float(), GOLD, keep=KEEP)
    for head in (make_head(class_weights="balanced"), make_head().bfloat16()):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = head.loss(states.bfloat16(), GOLD, keep=KEEP)
        assert loss.dtype == torch.float32 and abs(loss - exact) / exact < 0.02
