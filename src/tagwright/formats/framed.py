"""Framed: what all formats share that write mentions as frames, `[ name | label | relation = tail ]`.

Where frames stand and how spans are called is left to each format.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tagwright.formats.format import Format
from tagwright.formats.language import (
    Choice,
    Frames,
    Literal,
    Many,
    Pointer,
    Rule,
    Run,
    Series,
    Tail,
    maybe,
    name_choice,
    series,
)
from tagwright.formats.mention import Bounds, Link, Mention, Passage, drop_links, order, part_crossing
from tagwright.formats.strings.faults import ILL_FORMED, LOST_TAIL, REPEATED, UNALIGNED, WRONG_LABEL, Faults
from tagwright.formats.strings.frames import Frame, Reading, read_frames, write_link
from tagwright.formats.strings.syntax import CLOSE, IS, OPEN, PART, join_words
from tagwright.formats.tasks.task import Note

Spelt = list[tuple[tuple[str, ...], Bounds]]  # the spans that links may lead to, each with its words in the output


class Framed(Format):
    """Frames written and judged; `place` is what aligns them."""

    @abstractmethod
    def write_fitting(self, passage: Passage, mentions: Sequence[Mention]) -> str:
        """The target of mentions that this format can hold, in order."""

    @abstractmethod
    def place(self, passage: Passage, reading: Reading, *, faults: Faults) -> list[Bounds | None]:
        """Where each frame's name stands among the words of the passage."""

    def write_mentions(self, passage: Passage, mentions: Sequence[Mention], *, note: Note) -> str:
        fitting = sorted(mentions, key=order)
        if "crossing" not in self.holds:
            fitting, crossing = part_crossing(fitting)
            lost = {mention.bounds for mention in crossing} - {mention.bounds for mention in fitting}
            fitting, links = drop_links(fitting, lost)
            for mention in crossing:
                note("span that crosses another: frames can only nest", _show(passage, mention.bounds))
            for link in [*links, *(link for mention in crossing for link in mention.links)]:
                note("relation of a span that crosses another", link.label)
        return self.write_fitting(passage, fitting)

    @staticmethod
    def write_title(passage: Passage, mention: Mention) -> list[str]:
        """The parts of the frame of a given mention, after its name."""
        return [join_words(passage.titles.write(mention.label))] if mention.label else []

    def write_parts(self, passage: Passage, mention: Mention, *, among: Iterable[Bounds]) -> list[str]:
        """The parts of a frame after its name."""
        among = passage.anchors or among
        parts = [join_words(passage.labels.write(mention.label))] if mention.label else []
        for link in sorted(mention.links, key=lambda link: (link.tail, link.label)):
            relation = join_words(passage.links.write(link.label))
            parts.append(write_link([relation, self.name_span(passage, link.tail, among=among)]))
        return parts

    # --- reading ------------------------------------------------------------------------------------------------------

    def read_mentions(self, passage: Passage, output: str, *, faults: Faults) -> tuple[Mention, ...]:
        reading = read_frames(output, passage.labels.find_prefix)
        faults.note(ILL_FORMED, reading.faults)
        found: dict[tuple[Bounds, str], tuple[Mention, Frame]] = {}
        spelt: Spelt = []
        for frame, bounds in zip(reading.frames, self.place(passage, reading, faults=faults), strict=True):
            label = _read_label(passage, frame, faults=faults)
            if label is None:
                continue
            if bounds is None:
                faults.note(UNALIGNED)
            elif (bounds, label) in found:
                faults.note(REPEATED)
            else:
                chars = (frame.chars[0], frame.parts[_label_at(frame)][-1].chars[1] or frame.chars[1])
                found[bounds, label] = Mention(*bounds, label, chars=chars), frame
                spelt.append((tuple(reading.words[frame.start : frame.end]), bounds))
        if passage.anchors:
            spelt = [(passage.cut(bounds), bounds) for bounds in passage.anchors]
        mentions = (
            replace(mention, links=self._read_links(passage, frame, head=mention.bounds, spelt=spelt, faults=faults))
            for mention, frame in found.values()
        )
        return tuple(sorted(self._keep_whole(passage, mentions, faults), key=order))

    def _read_links(
        self, passage: Passage, frame: Frame, *, head: Bounds, spelt: Spelt, faults: Faults
    ) -> tuple[Link, ...]:
        """The links of a frame. A tail is called by the words of its span, or as its own frame spells them."""
        among = tuple(bounds for _, bounds in spelt)
        links: dict[Link, None] = {}
        for part in frame.parts[1 + _label_at(frame) :]:
            if len(part) not in (2, 3) or not (part[0].words and part[1].words):
                faults.note(ILL_FORMED)
                continue
            label = passage.links.read(part[0].words)
            tail = self.find_span(passage, part[1:], among=among, near=head)
            if tail is None and len(part) == 2:
                tail = next((bounds for words, bounds in spelt if words == part[1].words), None)
            link = Link(label or "", tail or head, (part[0].chars[0], part[-1].chars[1]))
            if label is None:
                faults.note(WRONG_LABEL)
            elif tail is None:
                faults.note(LOST_TAIL)
            elif link in links:
                faults.note(REPEATED)
            else:
                links[link] = None
        return tuple(links)

    @staticmethod
    def _keep_whole(passage: Passage, mentions: Iterable[Mention], faults: Faults) -> Iterable[Mention]:
        for mention in mentions:
            if passage.needs_link and not mention.links:
                faults.note(ILL_FORMED)
            else:
                yield mention

    # --- what may be written ------------------------------------------------------------------------------------------

    def describe_frame(self, passage: Passage, name: Rule) -> Series:
        """A frame around a name; there is none where it needs a label or a link and training saw none."""
        label = series(Literal(PART), name_choice(passage.labels))
        return series(Literal(OPEN), name, label if passage.needs_label else maybe(label), self._describe_rest(passage))

    def describe_frames(self, passage: Passage, name: Run | Pointer) -> Frames:
        """Frames one after the other, in the order in which they are written."""
        labels = [f"{PART} {join_words(passage.labels.write(label))}" for label in passage.labels.labels]
        return Frames(name, (*(() if passage.needs_label else ("",)), *labels), self._describe_rest(passage))

    def _describe_rest(self, passage: Passage) -> Rule:
        tail: Rule = Tail(self.describe_name(passage))
        if passage.anchors:
            tail = Choice(
                tuple(Literal(self.name_span(passage, each, among=passage.anchors)) for each in passage.anchors)
            )
        link = series(Literal(PART), name_choice(passage.links), Literal(IS), tail)
        return series(Many(link, least=int(passage.needs_link)), Literal(CLOSE))

    @abstractmethod
    def describe_name(self, passage: Passage) -> Rule:
        """What a span may be called."""


def _label_at(frame: Frame) -> int:
    """The place of the label among the parts: 1, or 0 where there is none."""
    return int(len(frame.parts) > 1 and len(frame.parts[1]) == 1)


def _read_label(passage: Passage, frame: Frame, *, faults: Faults) -> str | None:
    """The label of a frame, "" where it may go without; None, and a fault, where the frame is to be left out."""
    if not _label_at(frame):
        if passage.needs_label:
            faults.note(ILL_FORMED)
            return None
        return ""
    words = frame.parts[1][0].words
    label = passage.labels.read(words)
    if label is None:
        faults.note(WRONG_LABEL if words else ILL_FORMED)
    return label


def _show(passage: Passage, bounds: Bounds) -> str:
    return repr(" ".join(passage.cut(bounds)))
