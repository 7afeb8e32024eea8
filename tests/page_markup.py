"""What the page tests share: two small reports, and a reader that refuses markup that doesn't balance."""

from html.parser import HTMLParser

from tagwright.evaluation.report import Report, evaluate
from tagwright.text.document import Document
from tagwright.text.span import Span

VOID = {"meta"}


class Reader(HTMLParser):
    """Elements with their attributes, and the text outside style and script."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += data

    def find(self, tag: str, class_: str = "") -> list[dict[str, str | None]]:
        """Attributes of the elements of a kind, with a class if one is named."""
        found = [attributes for name, attributes in self.elements if name == tag]
        return [each for each in found if not class_ or class_ in (each.get("class") or "").split()]


def make_pair(text: str, gold: list[Span], said: list[Span], *, id: str = "") -> tuple[Document, Document]:
    document = Document.from_words(text.split(), spans=tuple(gold), id=id)
    return document, document.with_spans(said)


def score(*pairs: tuple[Document, Document]) -> Report:
    gold, said = zip(*pairs, strict=True)
    return evaluate(gold, said)


def make_report() -> Report:
    """Every kind of mistake once, and two spans right."""
    return score(
        make_pair("Anna met Bob in Rome", [Span(0, 1, "PER"), Span(2, 3, "PER")], [Span(0, 1, "PER")], id="missed"),
        make_pair("it rained in Rome", [Span(3, 4, "LOC")], [Span(0, 1, "PER"), Span(3, 4, "LOC")], id="spurious"),
        make_pair("Paris sang", [Span(0, 1, "PER")], [Span(0, 1, "LOC")], id="label"),
        make_pair("New York City", [Span(0, 3, "LOC")], [Span(0, 2, "LOC")], id="boundary"),
    )
