"""Tag sequences of a file to spans and back, with the ledger's notes. Knows no form of file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tagwright.errors import DataError
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.schemes import LETTERS, SCHEMES, Detection, detect_scheme, find_scheme
from tagwright.text.span import Span


@dataclass(frozen=True)
class TagReader:
    """Decodes a file's tags in the scheme that was found for the whole file; notes each illegal tag."""

    found: Detection
    ledger: Ledger

    @classmethod
    def for_file(cls, sequences: Iterable[Sequence[str]], ledger: Ledger, *, scheme: str | None) -> "TagReader":
        """The reader for a file with these tag sequences, in the scheme named or else found by inspection."""
        if scheme is None:
            return cls(detect_scheme(sequences), ledger)
        name = find_scheme(scheme).name
        return cls(Detection(name, "it was named", {}, letters=LETTERS if name == "BIOES" else {}), ledger)

    def read(self, tags: Sequence[str], place: Callable[[int], str]) -> tuple[Span, ...]:
        """The spans of one document; `place` says where a word stands."""
        scheme = SCHEMES[self.found.scheme]
        tags = self.found.normalise(tags)
        for at, reason in scheme.find_illegal(tags):
            self.ledger.note(
                f"tag that is illegal in {scheme.name}, the scheme of the file; read by conlleval's rules",
                f"{place(at)} {reason}",
            )
        return tuple(scheme.decode(tags))


def write_tags(document: Document, ledger: Ledger, *, scheme: str | None) -> list[str]:
    """One tag a word; spans that one column of tags can't hold are left out and noted."""
    codec = find_scheme(scheme or "BIO")
    unheld = codec.find_unheld(document.spans)
    for span in unheld:
        ledger.note(
            f"span that one column of {codec.name} tags can't hold, because it overlaps or touches another",
            f"{document.id} {document.cut(span)!r} {span.label}",
        )
    left_out = {id(span) for span in unheld}
    kept = [span for span in document.spans if id(span) not in left_out]
    return codec.encode(kept, len(document))


def check_lengths(words: Sequence[object], tags: Sequence[object]) -> None:
    """As many tags as words."""
    if len(words) != len(tags):
        raise DataError(f"{len(words)} words and {len(tags)} tags; as many were expected.")
