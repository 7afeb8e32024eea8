"""Records: only the spans, one frame after the other, each with the number of its occurrence from the second on.

    [ Boston | location ] [ Boston = 2 | organization | based in = Boston ]

Short where spans are few; what isn't labelled is not written again.
"""

from collections.abc import Sequence
from itertools import islice

from tagwright.formats.inline import Inline
from tagwright.formats.language import Language, Run
from tagwright.formats.mention import Bounds, Mention, Passage
from tagwright.formats.strings.faults import Faults
from tagwright.formats.strings.frames import Frame, Reading, write_frame, write_link
from tagwright.formats.strings.syntax import escape, join_words


class Records(Inline):
    """Sources and the names of tails are those of `inline`; spans may cross."""

    name = "records"
    holds = Inline.holds | {"crossing"}

    def write_fitting(self, passage: Passage, mentions: Sequence[Mention]) -> str:
        among = tuple(mention.bounds for mention in mentions)
        frames = []
        for mention in mentions:
            number = passage.count_occurrence(mention.bounds)
            name = write_link([join_words(passage.cut(mention.bounds)), *([str(number)] if number > 1 else [])])
            frames.append(write_frame([name, *self.write_parts(passage, mention, among=among)]))
        return " ".join(frames)

    def place(self, passage: Passage, reading: Reading, *, faults: Faults) -> list[Bounds | None]:
        return [_find_record(passage, reading, frame) for frame in reading.frames]

    def describe_mentions(self, passage: Passage) -> Language:
        frames = self.describe_frames(passage, Run(is_numbered=True))
        return Language(frames, tuple(map(escape, passage.words)), {}, copies=False)


def _find_record(passage: Passage, reading: Reading, frame: Frame) -> Bounds | None:
    """The words of a frame's name, exactly or but for case and blanks, at the occurrence that it says."""
    run, number = (
        reading.words[frame.start : frame.end],
        "".join(frame.parts[0][1].words if frame.parts[0][1:] else "1"),
    )
    if not number.isdecimal() or not 0 < int(number) <= len(passage.words):
        return None
    exact = next(islice(passage.find(run), int(number) - 1, None), None)
    return exact or next(islice(passage.find(run, folded=True), int(number) - 1, None), None)
