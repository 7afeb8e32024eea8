"""Ledger: what could not be held is counted, with the first places."""

from tagwright.text.ledger import SHOWN, Ledger


def test_an_empty_ledger_says_nothing() -> None:
    assert not Ledger()
    assert list(Ledger().lines()) == []
    assert Ledger().total == 0


def test_reasons_are_counted_apart() -> None:
    ledger = Ledger()
    ledger.note("nested span", "a:1")
    ledger.note("nested span", "a:2")
    ledger.note("empty line", count=3)
    assert ledger
    assert ledger.total == 5
    assert list(ledger.lines()) == ["2 x nested span: a:1; a:2", "3 x empty line"]


def test_another_ledger_is_taken_over_with_its_part() -> None:
    ledger, other = Ledger(), Ledger()
    other.note("nested span", "a:1", count=2)
    for part in ("train", "test", "test"):
        ledger.add(other, where=part)
    assert list(ledger.lines()) == ["2 x nested span (train): a:1, ...", "4 x nested span (test): a:1; a:1, ..."]


def test_only_the_first_places_are_kept() -> None:
    ledger = Ledger()
    for at in range(SHOWN + 2):
        ledger.note("nested span", f"a:{at}")
    assert list(ledger.lines()) == [f"{SHOWN + 2} x nested span: a:0; a:1; a:2; a:3; a:4, ..."]
