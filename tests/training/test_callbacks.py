import pytest
from transformers import TrainerControl, TrainerState

from tagwright.training.callbacks import StopAfter, StopAtPlateau


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
    log = [{"loss": 0.1}, *({"eval_f1": score} for score in scores)]
    control = StopAtPlateau(2).on_evaluate(None, TrainerState(log_history=log), TrainerControl())
    assert control.should_training_stop is stops


@pytest.mark.parametrize(("epoch", "stops"), [(1.0, False), (2.0, True), (3.0, True)])
def test_training_stops_after_its_epochs(epoch: float, stops: bool) -> None:
    control = StopAfter(2).on_epoch_end(None, TrainerState(epoch=epoch), TrainerControl())
    assert control.should_training_stop is stops
