import logging

import pytest
from transformers import TrainerControl, TrainerState

from tagwright.models.labeler import Labeler
from tagwright.pretraining.learning.progress import ShowPretraining
from tagwright.pretraining.learning.trainer import BITS, SPEED
from tagwright.training.callbacks import ShowProgress, StopAfter, StopAtPlateau


@pytest.mark.parametrize(
    ("scores", "stops"),
    [
        ([0.5], False),
        ([0.5, 0.5], False),
        ([0.5, 0.4, 0.5], True),  # equal is not better
        ([0.5, 0.4, 0.6], False),
        ([0.5, 0.4, 0.6, 0.1, 0.2], True),
    ],
)
def test_a_plateau_is_counted_from_the_first_best(scores: list[float], stops: bool) -> None:
    log = [{"loss": 0.1}, *({"eval_f1": score, "step": step} for step, score in enumerate(scores, start=1))]
    control = StopAtPlateau(2).on_evaluate(None, TrainerState(log_history=log), TrainerControl())
    assert control.should_training_stop is stops


@pytest.mark.parametrize(("step", "told"), [(30, True), (60, False)])
def test_an_early_end_is_announced_with_what_is_kept_and_the_last_step_is_none(
    step: int, told: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("tagwright"), "propagate", True)  # whatever the command line set before
    log = [{"eval_f1": score, "step": 10 * place} for place, score in enumerate((0.5, 0.4, 0.3), start=1)]
    with caplog.at_level(logging.INFO, logger="tagwright"):
        StopAtPlateau(2).on_evaluate(
            None, TrainerState(log_history=log, global_step=step, max_steps=60), TrainerControl()
        )
    assert ("after step 30 of 60: the last 2 scorings" in caplog.text) is told
    assert ("than 50.00 at step 10, whose weights are kept" in caplog.text) is told


@pytest.mark.parametrize(("epoch", "stops"), [(1.0, False), (2.0, True), (3.0, True)])
def test_training_stops_after_its_epochs(epoch: float, stops: bool) -> None:
    control = StopAfter(2).on_epoch_end(None, TrainerState(epoch=epoch), TrainerControl())
    assert control.should_training_stop is stops


def test_the_score_has_the_name_of_what_its_labeler_is_scored_by(capsys: pytest.CaptureFixture[str]) -> None:
    class Scored(Labeler):
        scored, tasks = ("exact", "relations"), ("joint-er",)

    Scored.__abstractmethods__ = frozenset()
    showing = ShowProgress()
    showing.on_train_begin(None, TrainerState(), TrainerControl(), model=Scored())
    showing.on_log(None, TrainerState(epoch=2.0, global_step=8, max_steps=12), TrainerControl(), logs={"eval_f1": 0.1})
    assert capsys.readouterr().err == "  epoch 2, step 8 of 12  dev exact+relations F1 10.00\n"


@pytest.mark.parametrize(
    ("bar", "log", "line"),
    [
        (ShowProgress, {"eval_f1": 0.5}, "  epoch 2, step 8 of 12  loss 0.2500  dev F1 50.00\n"),
        (
            ShowPretraining,
            {SPEED: 1234.5, BITS: 1.5},
            "  step 8 of 12  loss 0.250  1,234 tokens/s  held-out 1.500 bits/byte\n",
        ),
    ],
)
def test_where_there_is_no_terminal_every_scoring_is_a_line(
    bar: type[ShowProgress], log: dict[str, float], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    showing, state = bar(), TrainerState(epoch=2.0, global_step=8, max_steps=12)
    showing.on_train_begin(None, state, TrainerControl())
    for logs in ({"loss": 0.25}, log):
        showing.on_log(None, state, TrainerControl(), logs=logs)
    showing.on_step_end(None, state, TrainerControl())
    showing.on_train_end(None, state, TrainerControl())
    assert capsys.readouterr().err == line
