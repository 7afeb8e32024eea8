"""CoNLL columns: layouts, marks, comments, schemes, and words that columns can't hold."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.errors import DataError
from tagwright.io.conll import arrange_columns
from tagwright.io.files import read, write
from tagwright.io.kind import FileOptions
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.text.words import make_document


def save(tmp_path: Path, text: str, name: str = "x.conll") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_four_blank_separated_columns_with_marks_come_back(tmp_path: Path) -> None:
    mark = "-DOCSTART- -X- -X- O\n\n"
    text = mark + "EU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nBonn NNP B-NP B-LOC\n\n" + mark + "Ok UH O O\n"
    first, second, third = read(save(tmp_path, text))
    assert first.words == ("EU", "rejects") and first.spans == (Span(0, 1, "ORG"),)
    assert first.text == "EU rejects" and not first.text_is_original
    assert [first.id, second.id, third.id] == ["x:1", "x:2", "x:3"]
    assert first.group == second.group == "x:mark:1" and third.group == "x:mark:2"
    assert first.meta["columns"] == {"1": ["NNP", "VBZ"], "2": ["B-NP", "B-VP"]}
    write([first, second, third], tmp_path / "y.conll")
    assert (tmp_path / "y.conll").read_text().replace("\t", " ").strip() == text.strip()


def test_columns_are_chosen_by_place(tmp_path: Path) -> None:
    path = save(tmp_path, "1 B-LOC Rome x\n2 O fell y\n")
    (found,) = read(path, options=FileOptions(word_column=2, tag_column="1"))
    assert found.words == ("Rome", "fell") and found.spans == (Span(0, 1, "LOC"),)
    (last,) = read(path, options=FileOptions(word_column=-2, tag_column=1))
    assert last.words == found.words
    for options in (FileOptions(tag_column=7), FileOptions(tag_column="ner"), FileOptions(word_column=1, tag_column=1)):
        with pytest.raises(DataError, match=r"x\.conll:1: .*olumn"):
            read(path, options=options)


def test_tabs_let_words_hold_blanks(tmp_path: Path) -> None:
    (found,) = read(save(tmp_path, "New York\tB-LOC\n \tO\n"))
    assert found.words == ("New York", " ")


def test_a_line_with_other_columns_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x\.conll:3: 3 columns, and 2 as") as caught:
        read(save(tmp_path, "a O\nb O\nc d O\n"))
    assert caught.value.line == 3
    with pytest.raises(DataError, match=r"x\.conll:2: The word is empty"):
        read(save(tmp_path, "a\tO\n\tO\n"))


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        (("I-PER", "B-PER", "O"), [(0, 1), (1, 2)]),  # IOB1
        (("B-PER", "I-PER", "O"), [(0, 2)]),
        (("B-PER", "E-PER", "S-PER"), [(0, 2), (2, 3)]),
        (("B-PER", "L-PER", "U-PER"), [(0, 2), (2, 3)]),  # BILOU
        (("PER", "PER", "O"), [(0, 2)]),  # IO
        (("NOUN", "NOUN", "VERB"), [(0, 1), (1, 2), (2, 3)]),  # one label a word
    ],
)
def test_the_scheme_is_found_over_the_whole_file(tmp_path: Path, tags: tuple[str, ...], spans: list[object]) -> None:
    text = "".join(f"w{at} {tag}\n" for at, tag in enumerate(tags))
    (found,) = read(save(tmp_path, text + "\n"))
    assert [span.bounds for span in found.spans] == spans


def test_illegal_tags_are_counted_with_their_lines(tmp_path: Path) -> None:
    text = "a B-PER\nb I-PER\n\nc O\nd I-LOC\n\ne B-LOC\nf I-PER\n"
    ledger = Ledger()
    documents = read(save(tmp_path, text), ledger=ledger)
    assert [[span.label for span in document.spans] for document in documents] == [["PER"], ["LOC"], ["LOC", "PER"]]
    (line,) = ledger.lines()
    assert line.startswith("2 x tag that is illegal in BIO") and "x.conll:5" in line and "x.conll:8" in line
    with pytest.warns(UserWarning, match="2 x tag that is illegal in BIO"):
        read(save(tmp_path, text))


def test_mixed_schemes_are_reported(tmp_path: Path) -> None:
    ledger = Ledger()
    read(
        save(tmp_path, "a B-PER\nb I-PER\n\nc B-PER\nd E-PER\n\ne S-LOC\n\nf B-X\ng I-X\n\nh B-X\ni I-X\n"),
        ledger=ledger,
    )
    assert ledger.total == 2 and "illegal in BIO" in next(ledger.lines())


def test_comments_give_ids_texts_and_groups(tmp_path: Path) -> None:
    text = "# newdoc id = book\n# id = s-1\n# text = Don't  go.\n# lang = en\nDo\tO\nn't\tO\ngo\tB-X\n.\tO\n"
    (found,) = documents = read(save(tmp_path, text))
    assert (found.id, found.group, found.text, found.text_is_original) == ("s-1", "book", "Don't  go.", True)
    assert found.cut(found.spans[0]) == "go" and found.meta["comments"] == ["# lang = en"]
    write(documents, tmp_path / "y.conll", ledger=(ledger := Ledger()))
    (back,) = read(tmp_path / "y.conll")
    assert (back.text, back.id, back.group, back.spans) == (
        found.text,
        found.id,
        found.group,
        found.spans,
    ) and not ledger


def test_a_text_that_is_not_its_words_is_noted(tmp_path: Path) -> None:
    ledger = Ledger()
    (found,) = read(save(tmp_path, "# text = du pain\nde\tO\nle\tO\npain\tB-X\n"), ledger=ledger)
    assert found.text == "de le pain" and "don't line up" in next(ledger.lines())


def test_conllu_words_are_labelled_and_ranges_noted(tmp_path: Path) -> None:
    row = "{0}\t{1}\t_\t{2}\t_\t_\t_\t_\t_\t_\n"
    text = (
        row.format("1-2", "du", "_")
        + row.format(1, "de", "ADP")
        + row.format(2, "le", "DET")
        + row.format("2.1", "x", "_")
    )
    ledger = Ledger()
    (found,) = read(save(tmp_path, text, "x.conllu"), ledger=ledger)
    assert found.words == ("de", "le") and [span.label for span in found.spans] == ["ADP", "DET"]
    assert ledger.counts == {"line of a multi-word token or an empty node": 2}


def test_hash_words_are_words(tmp_path: Path) -> None:
    assert read(save(tmp_path, "#\tO\n#tag\tB-X\n"))[0].words == ("#", "#tag")
    assert read(save(tmp_path, "# O\n#tag B-X\n"))[0].words == ("#", "#tag")


def test_crlf_and_byte_order_mark(tmp_path: Path) -> None:
    (found,) = read(save(tmp_path, "\ufeffRome\tB-LOC\r\nfell\tO\r\n\r\n"))
    assert found.words == ("Rome", "fell") and found.spans[0].label == "LOC"


def test_overlaps_leave_the_outermost_and_are_noted(tmp_path: Path) -> None:
    document = Document.from_words(["a", "b", "c"], spans=(Span(1, 2, "Y"), Span(0, 2, "X"), Span(1, 3, "Z")), id="d")
    ledger = Ledger()
    write([document], tmp_path / "x.conll", ledger=ledger)
    assert read(tmp_path / "x.conll")[0].spans == (Span(0, 2, "X"),)
    assert ledger.total == 2 and "can't hold" in next(ledger.lines())


def test_words_that_lines_cannot_hold_are_noted(tmp_path: Path) -> None:
    document = Document.from_words(["a\tb", "", "-DOCSTART-", "c\nd"], id="d")
    ledger = Ledger()
    write([document], tmp_path / "x.conll", ledger=ledger)
    assert read(tmp_path / "x.conll")[0].words == ("a_b", "_", "_DOCSTART-", "c_d")
    assert ledger.total == 4


def test_parts_that_columns_lack_are_noted(tmp_path: Path) -> None:
    document = make_document("a b\nc", spans=(Span(0, 1, "X", 0.5),), meta={"intent": "y"}, id="d")
    ledger = Ledger()
    write([document, make_document("", id="e")], tmp_path / "x.conll", ledger=ledger)
    assert set(ledger.counts) == {
        "score",
        "extra 'intent'",
        "original text with tabs, line ends or more than its words",
        "document without words",
    }


def test_other_schemes_are_written_on_request(tmp_path: Path) -> None:
    document = Document.from_words(["a", "b"], spans=(Span(0, 2, "X"),))
    write([document], tmp_path / "x.conll", options=FileOptions(scheme="IOBES"))
    assert (tmp_path / "x.conll").read_text() == "a\tB-X\nb\tE-X\n\n"


def test_a_line_of_a_megabyte(tmp_path: Path) -> None:
    (found,) = read(save(tmp_path, "x" * 1_000_000 + "\tB-X\n"))
    assert len(found.words[0]) == 1_000_000
    (many,) = read(save(tmp_path, "x\tO\n" * 20_000))
    assert len(many) == 20_000


def test_extra_columns_stand_at_their_places() -> None:
    assert arrange_columns(["w"], ["t"], extras={"0": ["a"], "POS": ["p"], "9": ["n"]}) == [
        ["a"],
        ["w"],
        ["p"],
        ["n"],
        ["t"],
    ]


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r"), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(words.filter(lambda w: not w.startswith("-DOCSTART-")), min_size=1, max_size=6), min_size=1, max_size=4
    ),
    st.data(),
)
def test_words_and_spans_come_back(
    tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]], data: st.DataObject
) -> None:
    documents = []
    for number, text in enumerate(texts, start=1):
        cut = data.draw(st.integers(0, len(text)))
        spans = [Span(0, cut, "A")] * (cut > 0) + [Span(cut, len(text), "A")] * (cut < len(text))
        documents.append(Document.from_words(text, spans=tuple(spans), id=f"x:{number}"))
    path = tmp_path_factory.mktemp("conll") / "x.conll"
    write(documents, path)
    assert read(path) == documents


def test_all_faulty_lines_are_told_together(tmp_path: Path) -> None:
    lines = ["Ada B-PER", "", "# id = 7", "# text = Bo ran", "Bo", "", "ran O O", "in O", "", "# text = x = y", "to O"]
    (tmp_path / "x.conll").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "x.conll")
    first, *others = str(caught.value).splitlines()
    assert "x.conll:5: 1 column, and 2 as in the file's first line" in first
    assert [line.partition(",")[0] for line in others] == ["Further faults:", "  line 7: 3 columns"]
