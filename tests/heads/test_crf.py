"""The CRF against all paths written out, in float64, for every scheme."""

from collections.abc import Iterator
from itertools import product

import pytest
import torch
from torch import Tensor

from tagwright.heads.config import HeadConfig
from tagwright.heads.crf import CrfHead
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.schemes import SCHEMES
from tagwright.text.span import Span

Path = tuple[int, ...]
WORDS = 4
LABELS = {"IO": ("X", "Y"), "IOB1": ("X", "Y"), "BIO": ("X", "Y"), "BIOES": ("X",), "WORD": ("X", "Y", "Z")}


def make_head(scheme: str, *, scale: float = 1.0, seed: int = 0) -> CrfHead:
    """A head whose states are its emissions."""
    labels = Labels(LABELS[scheme])
    tags = len(SCHEMES[scheme].make_tags(labels))
    head = CrfHead(tags, labels, config=HeadConfig(name="crf", scheme=scheme, dropout=0)).double()  # type: ignore[arg-type]
    torch.manual_seed(seed)
    with torch.no_grad():
        head.score.weight.copy_(torch.eye(tags))
        head.score.bias.zero_()
        for weights in (head.steps, head.starts, head.ends):
            weights.normal_(std=scale)
    return head.eval()


def make_states(head: CrfHead, *rows: int, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Random emissions and the mask of rows of some lengths."""
    keep = torch.arange(max(rows)) < torch.tensor(rows)[:, None]
    return torch.randn(len(rows), max(rows), len(head.tags)) * scale, keep


def is_legal(head: CrfHead, path: Path, *, edges: bool) -> bool:
    tags = [head.tags[tag] for tag in path]
    inner = all(head.scheme.allows(*pair) for pair in zip(tags, tags[1:], strict=False))
    return inner and (not edges or (head.scheme.allows(None, tags[0]) and head.scheme.allows(tags[-1], None)))


def score_path(head: CrfHead, emissions: Tensor, path: Path) -> Tensor:
    steps = [head.steps[pair] for pair in zip(path, path[1:], strict=False)]
    here = [emissions[word, tag] for word, tag in enumerate(path)]
    return head.starts[path[0]] + head.ends[path[-1]] + sum(steps, torch.zeros(())) + sum(here, torch.zeros(()))


def list_paths(head: CrfHead, emissions: Tensor, *, edges: bool) -> tuple[list[Path], Tensor]:
    """Every legal path and its score."""
    paths = [
        path for path in product(range(len(head.tags)), repeat=len(emissions)) if is_legal(head, path, edges=edges)
    ]
    return paths, torch.stack([score_path(head, emissions, path) for path in paths])


def document(words: int) -> Document:
    return Document.from_words(["w"] * words)


def decode(head: CrfHead, states: Tensor, keep: Tensor) -> list[Document]:
    with torch.inference_mode():
        return head.decode(states, [document(int(length)) for length in keep.sum(1)], keep=keep)


def list_cases() -> Iterator[tuple[str, float]]:
    yield from product(SCHEMES, (0.1, 3.0, 60.0))


@pytest.mark.parametrize(("scheme", "scale"), list_cases())
def test_the_loss_is_that_of_all_paths(scheme: str, scale: float) -> None:
    head = make_head(scheme)
    states, keep = make_states(head, WORDS, 2, 1, scale=scale)
    for row, length in enumerate(keep.sum(1).tolist()):
        paths, scores = list_paths(head, states[row, :length].double(), edges=False)
        for path in (paths[0], paths[-1], paths[len(paths) // 2]):
            gold = torch.full((1, WORDS), -100)
            gold[0, :length] = torch.tensor(path)
            wanted = torch.logsumexp(scores, 0) - scores[paths.index(path)]
            found = head.loss(states[row : row + 1], gold, keep=keep[row : row + 1])
            torch.testing.assert_close(found, wanted.float(), atol=1e-4, rtol=1e-6)


@pytest.mark.parametrize(("scheme", "scale"), list_cases())
def test_the_gradient_is_that_of_all_paths(scheme: str, scale: float) -> None:
    head = make_head(scheme)
    states, keep = make_states(head, WORDS, scale=scale)
    states.requires_grad_()
    paths, scores = list_paths(head, states[0].double(), edges=False)
    weights = (states, head.steps, head.starts, head.ends)
    wanted = torch.autograd.grad(torch.logsumexp(scores, 0) - scores[7], weights)
    head.loss(states, torch.tensor([paths[7]]), keep=keep).backward()
    for weight, gradient in zip(weights, wanted, strict=True):
        assert weight.grad is not None and weight.grad.isfinite().all()
        torch.testing.assert_close(weight.grad, gradient, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_probabilities_sum_to_one(scheme: str) -> None:
    head = make_head(scheme)
    states, keep = make_states(head, 3)
    losses = [
        head.loss(states, torch.tensor([path]), keep=keep)
        for path in product(range(len(head.tags)), repeat=3)
        if is_legal(head, path, edges=False)
    ]
    assert torch.stack(losses).neg().exp().sum().item() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_step_that_the_scheme_forbids_has_no_probability(scheme: str) -> None:
    head = make_head(scheme)
    states, keep = make_states(head, 2)
    forbidden = [path for path in product(range(len(head.tags)), repeat=2) if not is_legal(head, path, edges=False)]
    assert all(head.loss(states, torch.tensor([path]), keep=keep) > 1000 for path in forbidden)
    assert bool(forbidden) == (scheme in ("BIO", "BIOES", "IOB1"))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("scheme", "scale"), list_cases())
def test_the_best_path_and_its_marginals_are_those_of_all_paths(scheme: str, scale: float, seed: int) -> None:
    head = make_head(scheme, seed=seed)
    states, keep = make_states(head, WORDS, 3, 1, scale=scale)
    for row, found in enumerate(decode(head, states, keep)):
        paths, scores = list_paths(head, states[row, : len(found)].double(), edges=True)
        best = paths[int(scores.argmax())]
        assert list(found.spans) == head.scheme.decode([head.tags[tag] for tag in best])
        shares = scores.detach().softmax(0)
        for span in found.spans:
            wanted = sum(
                float(share)
                for path, share in zip(paths, shares, strict=True)
                if path[span.start : span.end] == best[span.start : span.end]
                and any(s.bounds == span.bounds for s in head.scheme.decode([head.tags[tag] for tag in path]))
            )
            assert span.score == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_company_changes_nothing(scheme: str) -> None:
    head = make_head(scheme)
    states, keep = make_states(head, 6, 1, 3, 6)
    together = decode(head, states, keep)
    gold = torch.zeros(4, 6, dtype=torch.long)
    alone = [
        decode(head, states[row : row + 1, :length], keep[row : row + 1, :length])[0]
        for row, length in enumerate(keep.sum(1).tolist())
    ]
    for one, other in zip(together, alone, strict=True):
        assert one.spans == other.spans
        assert [s.score for s in one.spans] == pytest.approx([s.score for s in other.spans], abs=1e-9)
    single = [head.loss(states[row : row + 1], gold[row : row + 1], keep=keep[row : row + 1]) for row in range(4)]
    torch.testing.assert_close(head.loss(states, gold, keep=keep), torch.stack(single).sum())


@pytest.mark.parametrize("words", [1, 20_000])
def test_scores_of_long_documents_stay_exact(words: int) -> None:
    head = make_head("BIO", scale=0)
    states = torch.zeros(1, words, len(head.tags))
    states[0, :, 0] = 30.0
    states[0, words // 2] = torch.tensor([0.0, 2.0, -40, 0.0, -40])
    (found,) = decode(head, states, torch.ones(1, words, dtype=torch.bool))
    share = torch.tensor([2.0, 0, 0]).softmax(0)[0].item()
    assert found.spans == (Span(words // 2, words // 2 + 1, "X"),)
    assert found.spans[0].score == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize("scale", [1e3, 1e6])
def test_absurd_scores_stay_finite(scale: float) -> None:
    head = make_head("BIOES")
    states, keep = make_states(head, 5, 4, scale=scale)
    states.requires_grad_()
    loss = head.loss(states, torch.zeros(2, 5, dtype=torch.long), keep=keep)
    loss.backward()
    assert loss.isfinite() and states.grad is not None and states.grad.isfinite().all()
    assert all(0 <= (span.score or 0) <= 1 for found in decode(head, states.detach(), keep) for span in found.spans)


def test_half_precision_and_autocast_run() -> None:
    for head in (make_head("BIO").bfloat16(), make_head("BIO").float()):
        states, keep = make_states(head, 4, 2)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert head.loss(states.bfloat16(), torch.zeros(2, 4, dtype=torch.long), keep=keep).dtype == torch.float32
            decode(head, states.bfloat16(), keep)


def test_settings_for_single_words_are_refused() -> None:
    for setting in ({"focal": 2.0}, {"class_weights": "balanced"}):
        with pytest.raises(ValueError, match="crf has none. Use softmax"):
            HeadConfig.model_validate({"name": "crf", **setting})
