"""Faults: rates are shares of outputs, cases are all there were."""

from tagwright.formats.strings.faults import CHANGED, ILL_FORMED, Faults


def test_rates_and_cases() -> None:
    faults = Faults()
    for cases in (2, 0, 1, 0):
        faults.begin()
        faults.note(ILL_FORMED, cases)
        faults.note(ILL_FORMED, cases)
    assert (faults.outputs, faults.having[ILL_FORMED], faults.cases[ILL_FORMED]) == (4, 2, 6)
    assert (faults.rate(ILL_FORMED), faults.rate(CHANGED)) == (0.5, 0)
    assert list(faults.lines()) == ["ill-formed: 2 of 4 outputs (50.0%): marks don't pair, or a part is missing"]


def test_nothing_read_has_no_faults() -> None:
    assert Faults().rate(CHANGED) == 0
    assert list(Faults().lines()) == []
