"""Proofs that a model sees what an objective lets it see, made before the first step. Knows nothing of data."""

from collections.abc import Callable

import torch
from torch import Tensor

from tagwright.errors import ModelError
from tagwright.pretraining.learning.learner import Learner
from tagwright.pretraining.objectives.objective import Sight

LENGTH, SECOND, CHANGED, OTHER = 12, 6, 3, 6  # tokens, where the second document begins, which one is changed, to what


@torch.no_grad()
def prove_masks(learner: Learner, *, sight: Sight) -> None:
    """Refuse a model that lets a token see another document, or more or less of its own than `sight` says.

    What holds for packed rows must also hold where transformers runs the model without our masks.
    """
    model, was_training = learner.model, learner.training
    learner.eval()
    start = OTHER + 2
    ids = torch.arange(start, start + LENGTH, device=model.device)[None] % model.config.get_text_config().vocab_size
    packs = (torch.arange(LENGTH, device=model.device) >= SECOND).long()[None]
    name = type(model).__name__
    if learner.two:
        decoder, encoded = model.get_decoder(), model.get_encoder()(input_ids=ids).last_hidden_state

        def read_pair(encoder_ids: Tensor, decoder_ids: Tensor) -> Tensor:
            return learner.read(encoder_ids, packs, sight=sight, decoder_ids=decoder_ids, decoder_packs=packs)

        def read_decoder(ids: Tensor) -> Tensor:
            states: Tensor = decoder(input_ids=ids, encoder_hidden_states=encoded).last_hidden_state
            return states

        _prove(lambda changed: read_pair(changed, ids), ids, sight=sight, is_packed=True, name=name)
        _prove(lambda changed: read_pair(ids, changed), ids, sight="left", is_packed=True, name=name)
        _prove(read_decoder, ids, sight="left", is_packed=False, name=name)
    else:
        _prove(lambda ids: learner.read(ids, packs, sight=sight), ids, sight=sight, is_packed=True, name=name)
        _prove(
            lambda ids: model.base_model(input_ids=ids).last_hidden_state, ids, sight=sight, is_packed=False, name=name
        )
    learner.train(was_training)


def _prove(read: Callable[[Tensor], Tensor], ids: Tensor, *, sight: Sight, is_packed: bool, name: str) -> None:
    """Change one token in the first document, and see whose states move."""
    changed = ids.clone()
    changed[0, CHANGED] = OTHER
    moved = (read(ids) != read(changed)).any(-1)[0]
    if is_packed and moved[SECOND:].any():
        raise ModelError(f"{name} lets packed documents see each other: it doesn't obey a four-dimensional mask.")
    if sight == "left" and moved[:CHANGED].any():
        raise ModelError(f"{name} lets tokens see what follows them, which this objective must not.")
    if sight == "both" and not moved[:CHANGED].all():
        raise ModelError(f"{name} doesn't let tokens see what follows them, which this objective needs.")
