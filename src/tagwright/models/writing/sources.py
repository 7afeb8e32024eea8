"""Sources: what a language model is asked about documents, as tokens: in windows where that is too long, and with pairs
shown before it.

Knows nothing of losses, nor how outputs are generated.
"""

from collections.abc import Sequence

import numpy as np

from tagwright.backbone.language.language import LanguageModel
from tagwright.formats.demonstrations.demonstrations import Demonstrations
from tagwright.formats.format import Format
from tagwright.formats.grammar.lexicon import Lexicon, find_break
from tagwright.formats.grammar.reach import check_names
from tagwright.formats.mention import Passage
from tagwright.formats.tasks.task import Part
from tagwright.models.config import ROOM, SHOWN, WriterConfig
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.tokens.align import Ids
from tagwright.tokens.windowed import Windowed
from tagwright.tokens.windows import cut_windows

ANSWER = "=>"  # between a prompt and its continuation; no word of a source is written so
NAMED = 40  # characters of a source, in place of a name
SHARE = 3  # a decoder's windows take one of so many parts of its places; targets that copy need more than sources


class Sources:
    """What the model of a writer is given, and how much it may write.

    longest: of the targets that it was taught. shown: where it learns nothing, the pairs of its training documents.
    Those most like a question stand before it, a line for each, so the end of a line ends an answer.
    """

    def __init__(
        self,
        backbone: LanguageModel,
        format: Format,
        *,
        settings: WriterConfig,
        longest: int,
        shown: Demonstrations | None,
    ) -> None:
        self.backbone, self.format, self.settings = backbone, format, settings
        self.longest, self.shown = longest, shown
        end = backbone.end if shown is None else find_break(backbone.tokenizer.tokenizer, instead=backbone.end)
        self.lexicon = Lexicon(backbone.tokenizer.tokenizer, end=end)
        check_names(format.inventory, self.lexicon, model=backbone.config.model)

    @property
    def most(self) -> int:
        """The tokens of the longest source: half of what a decoder takes, since what it writes has to fit too."""
        return self.backbone.most if self.backbone.is_pair else self.backbone.most // 2

    @property
    def room(self) -> int:
        """How many tokens may be written, before the end; a decoder's places may be fewer."""
        return self.settings.find_room(self.longest)

    @property
    def bound(self) -> str:
        """What says how many tokens fit into the model."""
        is_chosen = self.backbone.config.max_tokens <= self.backbone.most
        return "backbone.max_tokens" if is_chosen else "the model takes no more"

    @property
    def demonstrations(self) -> int:
        """How many pairs are shown before a question, where they fit."""
        return 0 if self.shown is None else self.settings.demonstrations or SHOWN

    def encode(self, text: str) -> Ids:
        """The tokens of a written text, without special ones."""
        return np.array(self.lexicon.encode(text), dtype=np.int32)

    def encode_source(self, text: str) -> Ids:
        """The tokens of a source, with the special ones around it; of a decoder, with what asks for the answer."""
        tokenizer = self.backbone.tokenizer
        if self.backbone.is_pair:
            return np.concatenate((tokenizer.before, self.encode(text), tokenizer.after))
        return np.concatenate((tokenizer.before, self.encode(f"{text} {ANSWER}")))

    # --- windows ------------------------------------------------------------------------------------------------------

    def cut(self, document: Document) -> Windowed:
        """A document whose source is too long in windows whose sources are not; whole where its task can't be cut."""
        if not self.format.task.can_be_cut or len(document) < 2 or self._count(document) <= self.most:
            return Windowed(document)
        written = [self.format.write_words(Passage((word,)), ()) for word in document.words]
        self.lexicon.learn((each.partition(" ")[0] for each in written), is_first=True)  # together, which is quicker
        # any word may begin a window, and has other tokens there: the more of both are counted, so what is cut fits
        sizes = np.array(
            [[len(self.lexicon.spell(each, is_first=first)) for first in (True, False)] for each in written]
        )
        starts = np.concatenate(([0], sizes.max(1).cumsum())).astype(np.int32)
        limit = self._find_limit(document.slice(0, 1), int(sizes[0].min()))
        if limit < 1:
            return Windowed(document)
        overlap = min(self.backbone.config.overlap, limit // 2)
        return Windowed(document, cut_windows(starts, limit=limit, overlap=overlap))

    def _find_limit(self, word: Document, size: int) -> int:
        """How many tokens the words of a window may have, by a document of one word that has so many."""
        beside = self._count(word) - size
        limit = (self.most if self.backbone.is_pair else self.backbone.most // SHARE) - beside
        may_write = self.settings.max_target_tokens or ROOM * self.longest  # 0 before it was taught
        copies = self.format.describe(word, Part()).copies
        return min(limit, may_write // ROOM) if may_write and copies else limit

    def _count(self, document: Document) -> int:
        ((source, _),) = self.format.ask(document)
        return len(self.encode_source(source))

    # --- showing ------------------------------------------------------------------------------------------------------

    def show(self, question: Ids, source: str, *, part: Part, ledger: Ledger) -> Ids:
        """A question behind the pairs that are most like it, the likest last; those that don't fit are noted."""
        if self.shown is None:
            return question
        lines: list[Ids] = []
        left = self.backbone.most - len(question) - self.room
        for pair in self.shown.find(source, number=part.number, count=self.demonstrations):
            line = np.append(self.encode(f"{pair.source} {ANSWER} {pair.target}"), np.int32(self.lexicon.end))
            if len(line) > left:
                ledger.note(
                    f"demonstration that didn't fit into {self.backbone.most} tokens ({self.bound}) beside the "
                    f"question and an answer of up to {self.room}: not shown",
                    f"{pair.source[:NAMED]!r}",
                )
                continue
            lines.append(line)
            left -= len(line)
        before = self.backbone.tokenizer.before
        return np.concatenate((before, *reversed(lines), question[len(before) :]))

    def note_unshown(self, documents: Sequence[Document], ledger: Ledger) -> None:
        """Note the demonstrations that the questions of gold documents have no place for, of how many."""
        if self.shown is None or not self.shown.pairs:
            return
        unshown, wanted = Ledger(), 0
        for window in (window for document in documents for window in self.cut(document).slices):
            for source, _, part in self.format.write(window):
                if len(ids := self.encode_source(source)) <= self.most:  # else it isn't asked
                    self.show(ids, source, part=part, ledger=unshown)
                    wanted += len(self.shown.find(source, number=part.number, count=self.demonstrations))
        for reason, count in unshown.counts.items():
            ledger.note(f"{reason}, of {wanted} ({self.demonstrations} for each question at most)", count=count)
