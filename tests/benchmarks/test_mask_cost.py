"""What a mask costs: ratios by round, and against whom each length is judged; nothing is timed here."""

from typing import Any

import mask_cost
import pytest

SIDES: Any = {name: name for name in (mask_cost.UNTOUCHED, mask_cost.NATIVE, *mask_cost.PLANS)}


@pytest.mark.parametrize(
    ("native", "dearest", "length", "aim"),
    [
        (1.2, 1.04, 256, "met"),
        (1.2, 1.06, 256, "missed"),  # up to 256 tokens the untouched model is what counts
        (1.2, 1.26, 512, "met"),  # beyond, transformers' own way to look right
        (1.0, 1.06, 512, "missed"),
    ],
)
def test_short_texts_are_judged_by_the_untouched_model_and_long_ones_by_the_librarys_own(
    monkeypatch: pytest.MonkeyPatch, native: float, dearest: float, length: int, aim: str
) -> None:
    cost = {mask_cost.UNTOUCHED: 1.0, mask_cost.NATIVE: native, "0011": 1.0, "1111": dearest}
    steps: list[str] = []

    def time_step(name: Any, ids: Any, attend: Any) -> float:
        steps.append(name)
        assert ids.numel() == mask_cost.TOKENS and int((attend == 0).sum()) == length // 4
        return cost[name] * len(steps)  # a machine that becomes slower and slower

    monkeypatch.setattr(mask_cost, "time_step", time_step)
    row = mask_cost.measure(SIDES, length, batch="padded", rounds=400)
    assert row["aim"] == aim and len(steps) == 401 * len(SIDES)
    assert row["ratios"]["1111"] == pytest.approx(dearest, rel=0.01)
    assert row["ratios"][f"1111 / {mask_cost.NATIVE}"] == pytest.approx(dearest / native, rel=0.01)
