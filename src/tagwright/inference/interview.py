"""Interview: documents on their way through a writer: asked, answered and read, pass after pass.

Where its task can be cut, a long document goes in windows, each as a document of its own. What still doesn't fit into
the model is not asked, and that is noted. Knows nothing of training.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import fsum, inf

from tagwright.backbone.writing import Writing
from tagwright.errors import DataError
from tagwright.formats.format import Answer
from tagwright.formats.grammar.grammar import Grammar
from tagwright.formats.grammar.reach import LOST
from tagwright.formats.strings.faults import CUT_OFF, MEANINGS, Faults
from tagwright.formats.tasks.task import Part
from tagwright.inference.decoding.beam import search_beams
from tagwright.inference.generate import Prompt, generate
from tagwright.models.writing.writer import Question, Writer
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.tokens.batch import OnLong
from tagwright.tokens.windowed import Windowed


class Interview:
    """One chunk of documents. A round is a pass: its questions depend on the answers of those before.

    After the last one `doubts` says of each document how unlikely all of its answers were: minus the log of their
    probability, the end of each too; inf where something was not asked.
    """

    def __init__(
        self,
        writer: Writer,
        given: Sequence[Document],
        *,
        ledger: Ledger,
        faults: Faults,
        on_long: OnLong,
        constrained: bool,
        beams: int = 1,
    ) -> None:
        self.writer, self.ledger, self.faults, self.on_long = writer, ledger, faults, on_long
        self.constrained, self.beams = constrained, beams
        self.found = list(given)
        names = [document.id or f"document {index + 1}" for index, document in enumerate(given)]
        self._cuts = [self._cut(document, name) for document, name in zip(given, names, strict=True)]
        self._asked = [each for cut in self._cuts for each in cut.slices]
        self._names = [name for cut, name in zip(self._cuts, names, strict=True) for _ in cut.slices]
        self._answers: dict[int, dict[Part, Answer]] = defaultdict(dict)
        self.candidates = [list[Span]() for _ in given]  # it knows no spans but those it writes
        self._doubts = [0.0] * len(self._asked)

    def rounds(self) -> Iterator[list[Question]]:
        for number in range(self.writer.format.passes):
            self._answers.clear()
            yield [question for index in range(len(self._asked)) for question in self._ask(index, number)]
            for index in sorted(self._answers):
                self._read(index, number)
        asked, doubts = iter(self._asked), iter(self._doubts)
        self.found = [cut.join([next(asked) for _ in cut.slices]) for cut in self._cuts]
        self.doubts = [fsum(next(doubts) for _ in cut.slices) for cut in self._cuts]

    def label(self, questions: list[Question]) -> None:
        """Answer some questions. Nothing is taken back: out of memory may repeat this."""
        backbone, lexicon = self.writer.backbone, self.writer.sources.lexicon
        writing = Writing(backbone.model, pad=backbone.pad, start=backbone.start)
        prompts = [self._prompt(question) for question in questions]
        limits = {"end": lexicon.end, "batch": len(prompts), "most": self.writer.sources.room}
        if self.beams == 1:
            outputs = generate(writing, prompts, **limits)
        else:
            outputs = search_beams(writing, prompts, beams=self.beams, **limits)
        for question, prompt, written in zip(questions, prompts, outputs, strict=True):
            reading = lexicon.read(written.ids, written.scores)
            answer = Answer(question.part, reading.text, reading.score, written.is_whole)
            self._answers[question.document][question.part] = answer
            self._doubts[question.document] -= written.total
            for word, count in prompt.grammar.lost.items() if prompt.grammar is not None else ():
                self.ledger.note(LOST, word, count=count)

    def _prompt(self, question: Question) -> Prompt:
        writer, ids = self.writer, question.ids.tolist()
        if not self.constrained:
            return Prompt(ids, copy=ids)
        language = writer.format.describe(self._asked[question.document], question.part)
        return Prompt(ids, Grammar(language, writer.sources.lexicon))

    def _cut(self, document: Document, name: str) -> Windowed:
        cut = Windowed(document) if self.on_long == "error" else self.writer.sources.cut(document)
        if cut.windows and self.on_long == "truncate":
            kept = replace(cut.windows[0], last=cut.windows[0].end)
            lost = len(document) - kept.end
            self.ledger.note("words beyond the window were cut off (--on-long truncate)", name, count=lost)
            return Windowed(document, (kept,))
        if cut.windows:
            most = self.writer.sources.most
            self.ledger.note(f"source of more than {most} tokens: asked in windows that overlap", name)
        return cut

    def _ask(self, index: int, number: int) -> Iterator[Question]:
        sources, name = self.writer.sources, self._names[index]
        for source, part in self.writer.format.ask(self._asked[index], number):
            ids = sources.encode_source(source)
            if len(ids) <= sources.most:
                yield Question(index, part, sources.show(ids, source, part=part, ledger=self.ledger))
                continue
            if self.on_long == "error":
                cuts = self.writer.format.task.can_be_cut
                way = "cut it into windows that overlap" if cuts else "go on without what doesn't fit"
                raise DataError(
                    f"{name} asks with {len(ids)} tokens, {sources.most} fit. Use --on-long window to {way}, or train "
                    "with a larger backbone.max_tokens."
                )
            self.ledger.note(f"source of more than {sources.most} tokens: not asked, so nothing is found", name)
            self._doubts[index] = inf

    def _read(self, index: int, number: int) -> None:
        document, faults, answers = self._asked[index], Faults(), self._answers[index]
        parts = [part for _, part in self.writer.format.ask(document, number) if part in answers]
        self._asked[index] = self.writer.format.read(document, [answers[part] for part in parts], faults=faults)
        self.faults.add(faults)
        for kind, count in faults.having.items():
            bound = f" after {self.writer.sources.room} tokens at most (writer.max_target_tokens)" * (kind == CUT_OFF)
            self.ledger.note(f"output that is {kind}{bound}: {MEANINGS[kind]}", document.id, count=count)
