"""Raw text to words: what stays together, what parts, and what holds for every text."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tagwright.errors import DataError
from tagwright.text.words import make_document, split_words


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in split_words(text)]


@pytest.mark.parametrize(
    "word",
    [
        "don't", "e-mail", "AT&T", "U.S.", "U.S.A.", "e.g.", "3.5", "1,000", "1,000.50", "10:30", "12/05/2020",
        "rock'n'roll", "O’Brien", "snake_case", "col·lega", "state-of-the-art", "Łódź", "x²", "3rd",
        "@user", "#tag", "#日本", "a.b+c@mail.example.org", "https://x.org/y?a=b#c", "www.example.org",
        "नमस्ते", "مرحبا", "e\u0301te\u0301", "می\u200cروم", "so\u00adft", "안녕하세요",
        "👩🏽\u200d🚀", "👍🏽", "🇩🇪", "1\ufe0f\u20e3", "❤\ufe0f", "👨\u200d👩\u200d👧",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)  # fmt: skip
def test_one_word(word: str) -> None:
    assert split(word) == [word]
    assert split(f"({word}) {word}, x") == ["(", word, ")", word, ",", "x"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("John's", "John|'s"),
        ("O’Brien’s dog", "O’Brien|’s|dog"),
        ("'s' and 'quoted'", "'|s|'|and|'|quoted|'"),
        ("end.Next ... -5%", "end|.|Next|.|.|.|-|5|%"),
        ("pre- and post--war", "pre|-|and|post|-|-|war"),
        ("日本のカナ", "日|本|の|カ|ナ"),
        ("กำลัง", "ก|ำ|ลั|ง"),
        ("見https://x.org/y。a@b.org", "見|https://x.org/y|。|a@b.org"),
        ("联系a@b.org。", "联|系|a@b.org|。"),
        ("see www.x.org/.", "see|www.x.org/|."),
        ("a\u200bb\ufeffc", "a|b|c"),
        ("\ufeffBOM\r\nx\ty\x00z", "BOM|x|y|z"),
        ("🇩🇪🇫🇷👍👍🏽", "🇩🇪|🇫🇷|👍|👍🏽"),
        ("\u200d \u200f\u2060", ""),
        ("", ""),
        ("\u0301", "\u0301"),
        ("http://", "http://"),
    ],
)
def test_where_words_part(text: str, words: str) -> None:
    assert "|".join(split(text)) == words


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.characters(), max_size=60) | st.text("aB1'-.@#:/_&,’日ก👍🏽\u200d\u200b\u0301\ufe0f\x00 \n", max_size=30)
)
@example("a.\u0301b@c\u200d.d")
@example("http://\u200b\x00")
def test_every_visible_character_is_in_one_word(text: str) -> None:
    offsets, last = split_words(text), 0
    for start, end in offsets:
        assert last <= start < end <= len(text)
        last = end
    inside = {at for start, end in offsets for at in range(start, end)}
    for at, character in enumerate(text):
        assert not (character.isspace() and at in inside)
        assert at in inside or character == " " or not character.isprintable()


def test_words_do_not_depend_on_what_stands_around_them() -> None:
    left, right = "Don't e-mail John's 👍🏽", "日本 3.5 U.S. café"
    assert split(f"{left} {right}") == split(left) + split(right)


@pytest.mark.parametrize("piece", ["a", "a.", "a-", "a@", "a@b.", "1,", "http://", "www.", ".", "'s", "\u200d", "🏴"])
def test_long_lines_take_linear_time(piece: str) -> None:
    """60,000 characters take a tenth of a second; two billion steps, as by a quadratic pattern, would take several."""
    split_words(piece)
    assert _time(piece * (60_000 // len(piece))) < 1.5


def _time(text: str) -> float:
    began = time.process_time()
    split_words(text)
    return time.process_time() - began


@pytest.mark.slow
def test_a_line_of_one_megabyte_takes_seconds() -> None:
    assert _time("The quick brown fox's tail, " * 36_000) < 5


def test_documents_keep_their_text() -> None:
    document = make_document("Ada's  bike", id="7", group="g")
    assert document.words == ("Ada", "'s", "bike")
    assert (document.text, document.id, document.group) == ("Ada's  bike", "7", "g")
    assert document.text_is_original


def test_a_document_is_made_of_a_text_and_its_spans() -> None:
    document = make_document("Ada met Bo.", spans=[(0, 3, "PER"), (8, 10, "PER")], id="x")
    assert [document.cut(span) for span in document.spans] == ["Ada", "Bo"] and document.text_is_original
    assert make_document("Ada met Bo.", spans=document.spans).spans == document.spans
    for wrong in ((3, 4, "PER"), (5, 5, "PER"), (8, 99, "PER"), (-3, 3, "PER")):
        with pytest.raises(DataError, match="no word"):
            make_document("Ada met Bo.", spans=[wrong])
