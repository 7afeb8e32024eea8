"""Runs that are killed at a moment of one's choice, as by a power cut."""

import os
from typing import Any

from transformers import TrainerCallback


class Killed(BaseException):
    """Not an Exception: nothing on the way may catch it."""


class KillAt(TrainerCallback):  # type: ignore[misc]
    """Ends the run when `event` comes after so many steps."""

    def __init__(self, step: int, event: str = "on_step_end") -> None:
        self.step = step
        setattr(self, event, self.kill)

    def kill(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step:
            raise Killed


class DieAt(TrainerCallback):  # type: ignore[misc]
    """Ends the whole process after a step, without a word; 0 is never."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step:
            os._exit(3)
