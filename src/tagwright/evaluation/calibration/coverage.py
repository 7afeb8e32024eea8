"""Coverage: spans are added to what is predicted until the wanted share of gold spans is covered, by conformal risk
control (Angelopoulos et al., 2022); documents that would need too many, or whose answers are too unlikely, are handed
to a person. Knows no model.

A document's loss is the share of its gold spans that is missed; 0 where it is handed over. From one setting to the next
more is added or handed over, so no loss ever grows, and at the end, where all are handed over, all are 0.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, sqrt

from tagwright.errors import DataError
from tagwright.evaluation.calibration.intervals import find_interval
from tagwright.evaluation.calibration.outcomes import list_spans
from tagwright.evaluation.pairs import pair_documents
from tagwright.text.document import Document
from tagwright.text.span import Span

FLOOR = 0.001  # spans less likely than this are no candidates
NOTHING = 2.0  # a least score that no candidate has
SLACK = 1e-9


@dataclass(frozen=True)
class Proposal:
    """A predicted document, all spans that may be added to it, and how unlikely it is as a whole, where that is known:
    a head lists candidates and has no doubt, a writer has doubts and lists none."""

    document: Document
    candidates: Sequence[Span] = ()
    doubt: float = 0.0


@dataclass(frozen=True)
class Case:
    """A labelled document: how many gold spans it has and how many are predicted; the scores of the candidates that
    are not predicted, falling, and of the gold spans among them; how unlikely what is predicted is."""

    gold: int
    covered: int
    added: tuple[float, ...]
    hits: tuple[float, ...]
    doubt: float = 0.0


@dataclass(frozen=True)
class Coverage:
    """Candidates of at least `least_score` are added; a document to which more than `most` would be is handed over, and
    one whose doubt is above `most_doubt`, if there is such a limit.

    `wanted` is the share of gold spans, `documents` how many with gold spans it rests on.
    """

    wanted: float
    least_score: float
    most: int
    documents: int
    most_doubt: float | None = None

    def choose(self, proposal: Proposal) -> tuple[list[Span], bool]:
        """The candidates to add, likeliest first, and whether the document is handed over."""
        said = {key for key, _ in list_spans(proposal.document)}
        likely = [span for span in proposal.candidates if (span.score or 0) >= self.least_score]
        added = [span for span in likely if (span.start, span.end, span.label) not in said]
        is_handed = self.hands_over(len(added), proposal.doubt)
        return sorted(added, key=lambda span: -(span.score or 0)), is_handed

    def hands_over(self, added: int, doubt: float) -> bool:
        return added > self.most or (self.most_doubt is not None and doubt > self.most_doubt)

    @property
    def spread(self) -> float:
        """About the standard deviation of the coverage, or more, over draws of the documents that it rests on."""
        return sqrt(self.wanted * (1 - self.wanted) / (self.documents + 2))


def make_cases(gold: Iterable[Document], proposals: Sequence[Proposal]) -> list[Case]:
    """Gold documents beside what is proposed for them; in this order they belong together."""
    cases = []
    pairs = pair_documents(gold, [each.document for each in proposals])
    for (right, said), proposal in zip(pairs, proposals, strict=True):
        wanted, found = ({key for key, _ in list_spans(each)} for each in (right, said))
        added = [((span.start, span.end, span.label), span.score or 0.0) for span in proposal.candidates]
        added = [(key, score) for key, score in added if key not in found]
        scores = tuple(sorted((score for _, score in added), reverse=True))
        hits = tuple(score for key, score in added if key in wanted)
        cases.append(Case(len(wanted), len(wanted & found), scores, hits, proposal.doubt))
    return cases


def fit_coverage(cases: Sequence[Case], *, wanted: float, most: int) -> Coverage:
    """The first setting by which the risk is controlled.

    First the least score falls, while documents that would get more than `most` spans are handed over; where it can
    fall no more, documents with ever fewer candidates are; then those with ever less doubt.
    """
    known = [case for case in cases if case.gold]
    needed = ceil(1 / (1 - wanted) - 1 - SLACK)
    bound = (1 - wanted) * (len(known) + 1) - 1 + SLACK  # (n R + 1)/(n + 1) <= 1 - wanted, for a sum n R of losses
    if bound < 0:
        raise DataError(
            f"{len(known)} documents have gold spans; a coverage of {wanted:g} needs at least {needed}, or every "
            "document has to be handed over. Label more documents, or ask for less."
        )
    for least, loss in _lower(known, most):
        if loss <= bound:
            return Coverage(wanted, least, most, len(known))
    left = [(len(case.added), _lose(case, FLOOR)) for case in known]
    for fewer in range(most - 1, -1, -1):
        if sum(loss for count, loss in left if count <= fewer) <= bound:
            return Coverage(wanted, FLOOR, fewer, len(known))
    if (limit := _find_doubt(known, bound)) is not None:
        return Coverage(wanted, FLOOR, most, len(known), limit)
    reached = 1 - sum(_lose(case, FLOOR) for case in known) / len(known)
    where = "even in the likeliest documents" if any(c.doubt for c in known) else "where there is no candidate at all"
    raise DataError(
        f"A coverage of {wanted:g} is out of reach: all that can be returned covers {reached:.3f}, and too much of "
        f"what is missed is missed {where}. Ask for less, or train a better labeler."
    )


def _find_doubt(cases: Sequence[Case], bound: float) -> float | None:
    """The largest doubt up to which documents may stay; None where none may."""
    loss, limit = 0.0, None
    for doubt, alike in groupby(sorted(cases, key=_read_doubt), key=_read_doubt):
        loss += sum(_lose(case, FLOOR) for case in alike)
        if loss > bound:
            break
        limit = doubt
    return limit


def _read_doubt(case: Case) -> float:
    return case.doubt


def _lower(cases: Sequence[Case], most: int) -> Iterator[tuple[float, float]]:
    """Least scores, falling, and the sum of losses with each."""
    loss, events = 0.0, list[tuple[float, float]]()
    for case in cases:
        left = _lose(case, NOTHING)
        loss += left
        handed = case.added[most] if len(case.added) > most else -1.0
        for score in case.hits:
            if score > handed:
                events.append((score, 1 / case.gold))
                left -= 1 / case.gold
        if handed >= 0:
            events.append((handed, left))
    yield NOTHING, loss
    events.sort(reverse=True)
    for at, (score, gain) in enumerate(events):
        loss -= gain
        if at + 1 == len(events) or events[at + 1][0] < score:
            yield score, loss


def _lose(case: Case, least: float) -> float:
    """The share of gold spans that is missed if the document is not handed over."""
    return 1 - (case.covered + sum(score >= least for score in case.hits)) / case.gold


@dataclass(frozen=True)
class Covered:
    """What a coverage did on labelled documents.

    `share`: the mean share of gold spans covered, over documents that have any; handed over counts as covered.
    `interval` is its binomial one, `spans` the same over all gold spans alike, `handed` the share of documents handed
    over, `added` the spans added to each of the others.
    """

    documents: int
    share: float
    interval: tuple[float, float]
    spans: float
    handed: float
    added: float


def measure_coverage(cases: Sequence[Case], coverage: Coverage) -> Covered:
    """Try a coverage on labelled documents."""
    shares, missed, gold, handed, added = [], 0, 0, 0, 0
    for case in cases:
        count = sum(score >= coverage.least_score for score in case.added)
        is_handed = coverage.hands_over(count, case.doubt)
        handed += is_handed
        added += 0 if is_handed else count
        if case.gold:
            shares.append(1.0 if is_handed else 1 - _lose(case, coverage.least_score))
            missed += round((1 - shares[-1]) * case.gold)
            gold += case.gold
    share = sum(shares) / max(len(shares), 1)
    interval = find_interval(share * len(shares), len(shares)) if shares else (0.0, 1.0)
    kept = max(len(cases) - handed, 1)
    return Covered(len(shares), share, interval, 1 - missed / max(gold, 1), handed / max(len(cases), 1), added / kept)
