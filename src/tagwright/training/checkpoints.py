"""CheckpointTrainer: transformers' Trainer with checkpoints that are whole, hold no pickle and end in the same weights.

Knows nothing of labelers: what is trained may be any module.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from transformers import Trainer, TrainerControl, TrainerState
from transformers.trainer_callback import ExportableState
from transformers.trainer_utils import TrainOutput, get_last_checkpoint, rotate_checkpoints

from tagwright.errors import DataError
from tagwright.models.folder import WEIGHTS, fill_weights, write_weights

STATE = "trainer_state.json"


class CheckpointTrainer(Trainer):  # type: ignore[misc]
    """A Trainer that, killed at any point, goes on from its newest checkpoint as if nothing had happened."""

    def train(self, resume_from_checkpoint: str | Path | None = None, **rest: Any) -> TrainOutput:
        """Train, or finish what a checkpoint began. The model that comes out is free of the trainer's wrappers."""
        checkpoint = None if resume_from_checkpoint is None else Path(resume_from_checkpoint)
        state = None if checkpoint is None else self._open_checkpoint(checkpoint)
        if checkpoint is not None and state is not None and _has_stopped(state, steps=self.args.max_steps):
            output = self._finish(state, checkpoint)
        else:
            output = super().train(resume_from_checkpoint=checkpoint and str(checkpoint), **rest)
        self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False).__dict__.pop("forward", None)
        return output

    def _open_checkpoint(self, checkpoint: Path) -> TrainerState:
        """The state in a checkpoint; the place of the best one is put right where the folder has moved since."""
        path = checkpoint / STATE
        state = TrainerState.load_from_json(str(path))
        best = checkpoint.with_name(f"checkpoint-{state.best_global_step}")
        if best.is_dir() and state.best_model_checkpoint != str(best):
            state.best_model_checkpoint = str(best)
            if self.args.should_save:
                state.save_to_json(str(draft := path.with_suffix(".draft")))
                draft.replace(path)
            self.accelerator.wait_for_everyone()
        return state

    def _finish(self, state: TrainerState, checkpoint: Path) -> TrainOutput:
        """The end of a run that had decided to stop and was killed after its last checkpoint."""
        self.state = state
        best = state.best_model_checkpoint if self.args.load_best_model_at_end else None
        self._load_from_checkpoint(best or str(checkpoint))
        losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
        return TrainOutput(state.global_step, losses[-1] if losses else float("nan"), {})

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        self._put_back(self.accelerator.unwrap_model(model or self.model), Path(resume_from_checkpoint) / WEIGHTS)

    def _load_best_model(self) -> None:
        self._load_from_checkpoint(self.state.best_model_checkpoint)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        """Weights only: neither a tokenizer nor pickled arguments."""
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(self._collect(self.accelerator.unwrap_model(self.model)), folder / WEIGHTS)

    def _collect(self, module: nn.Module) -> Mapping[str, Tensor]:
        """The weights of a checkpoint; whoever leaves some out puts the others back."""
        return module.state_dict()

    def _put_back(self, module: nn.Module, path: Path) -> None:
        fill_weights(module, path)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Write a checkpoint beside its place and rename it: one that is there is whole."""
        folder = Path(self.args.output_dir)
        staged = folder / f"staged-{self.state.global_step}"
        with _explain_full_disk(staged):
            if self.args.should_save:
                shutil.rmtree(staged, ignore_errors=True)
                staged.mkdir(parents=True)
                self._save(str(staged))
            self.accelerator.wait_for_everyone()
            self._save_optimizer_and_scheduler(str(staged))
            self._save_scaler(str(staged))
            self._save_rng_state(str(staged))
            self.accelerator.wait_for_everyone()
            if self.state.best_global_step == self.state.global_step:
                self.state.best_model_checkpoint = str(folder / f"checkpoint-{self.state.global_step}")
            if self.args.should_save:
                self._save_state(staged / STATE)
                self._publish(staged, folder)
        self.accelerator.wait_for_everyone()  # whoever loads the best checkpoint must find it

    def _publish(self, staged: Path, folder: Path) -> None:
        final = folder / f"checkpoint-{self.state.global_step}"
        if final.exists():
            final.rename(replaced := folder / f"staged-replaced-{self.state.global_step}")
            shutil.rmtree(replaced)
        staged.rename(final)
        rotate_checkpoints(
            output_dir=str(folder),
            save_total_limit=self.args.save_total_limit,
            best_model_checkpoint=self.state.best_model_checkpoint,
        )

    def _save_state(self, path: Path) -> None:
        """The trainer's own state, with that of the callbacks that have one (early stopping)."""
        for callback in [*self.callback_handler.callbacks, self.control]:
            if isinstance(callback, ExportableState):
                self.state.stateful_callbacks[type(callback).__name__] = callback.state()
        self.state.save_to_json(str(path))


@contextmanager
def _explain_full_disk(staged: Path) -> Iterator[None]:
    """A checkpoint that can't be written: say so, and leave no half of it."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "inline_container" not in str(error):  # torch's writer has no own error
            raise
        shutil.rmtree(staged, ignore_errors=True)
        raise DataError(
            f"The checkpoint can't be written: {error}. Free some space or choose another folder, then use --resume.",
            path=staged.parent,
        ) from error


def _has_stopped(state: TrainerState, *, steps: int) -> bool:
    """A checkpoint written at the last of so many steps, or after something decided to end the run early."""
    control = state.stateful_callbacks.get(TrainerControl.__name__, {})
    was_told = bool(control.get("args", {}).get("should_training_stop"))
    return 0 < steps <= state.global_step or (was_told and state.global_step < state.max_steps)


def find_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint; what a killed run left half written is taken away."""
    if not folder.is_dir():
        return None
    for left in folder.glob("staged-*"):
        shutil.rmtree(left, ignore_errors=True)  # several processes may come by at once
    found = get_last_checkpoint(str(folder))
    return None if found is None else Path(found)
