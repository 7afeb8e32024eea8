"""Elements: escaping, attributes, numbers."""

from page_markup import Reader
from tagwright.evaluation.page.elements import Html, join, show_count, show_rate, tag


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("td", "<5 & 'x'", class_="number") == '<td class="number">&lt;5 &amp; &#x27;x&#x27;</td>'
    assert tag("p", tag("b", "x"), " < ", Html("<i></i>")) == "<p><b>x</b> &lt; <i></i></p>"
    assert join(["<", Html("<b></b>")]) == "&lt;<b></b>"


def test_attributes_are_escaped_named_and_left_out() -> None:
    drawn = tag("a", data_of='"><script>', name="x", tabindex=0, title=None)
    assert drawn == '<a data-of="&quot;&gt;&lt;script&gt;" name="x" tabindex="0"></a>'
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_what_html_or_utf8_can_not_hold_is_shown_by_a_stand_in() -> None:
    drawn = tag("p", "a\0b\x1b\x7f\ud800\n\t")
    assert drawn == "<p>a\u2400b\u241b\u2421\ufffd\n\t</p>"
    assert drawn.encode("utf-8") and Reader(drawn).find("p")


def test_numbers_are_written_one_way() -> None:
    assert (show_rate(0.87416), show_rate(1.0), show_rate(0.0)) == ("87.42", "100.00", "0.00")
    assert (show_count(1234567), show_count(1, "word"), show_count(0, "word")) == ("1,234,567", "1 word", "0 words")
