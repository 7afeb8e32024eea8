"""Learner: a transformers model with the masks of its lessons and their loss. Knows nothing of files or steps."""

from typing import Any

import torch
from torch import Tensor, nn

from tagwright.errors import ModelError
from tagwright.pretraining.learning.loss import sum_cross_entropy
from tagwright.pretraining.learning.masks import make_mask
from tagwright.pretraining.objectives.objective import Sight

TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 3e-2, torch.float16: 1e-2}  # share of the largest logit


class Learner(nn.Module):
    """`forward` gives the sum of nats over a lesson's predictions. A token sees its own document alone."""

    def __init__(self, model: Any, *, two: bool) -> None:
        super().__init__()
        self.model, self.two = model, two
        model.config.use_cache = False
        self.scale = _find_scale(model, two=two)
        if two and self.scale is None:
            raise ModelError(
                f"{type(model).__name__} does something to its logits that can't be done for packed documents. "
                "Expected an encoder-decoder such as T5 or BART."
            )

    @property
    def dtype(self) -> torch.dtype:
        """That of the weights."""
        found: torch.dtype = next(self.model.parameters()).dtype
        return found

    def compile_layers(self) -> None:
        """Let torch.compile fuse what lies between the matrix products."""
        for part in (self.model.get_encoder(), self.model.get_decoder()) if self.two else (self.model.base_model,):
            part.compile(dynamic=False)

    def forward(
        self,
        ids: Tensor,
        packs: Tensor,
        *,
        targets: Tensor,
        keep: Tensor,
        sight: Sight,
        decoder_ids: Tensor | None = None,
        decoder_packs: Tensor | None = None,
    ) -> Tensor:
        """B T (and, for an encoder-decoder, B S) -> the nats of all predictions together."""
        if self.scale is None:
            mask = make_mask(packs, packs, sight=sight, dtype=self.dtype)
            logits = self.model(input_ids=ids, attention_mask=mask).logits[keep].float()
            return nn.functional.cross_entropy(logits, targets[keep], reduction="sum")
        states = self.read(ids, packs, sight=sight, decoder_ids=decoder_ids, decoder_packs=decoder_packs)
        weight = self.model.get_output_embeddings().weight
        return sum_cross_entropy(states[keep] * self.scale, targets[keep], weight=weight)

    def read(
        self,
        ids: Tensor,
        packs: Tensor,
        *,
        sight: Sight,
        decoder_ids: Tensor | None = None,
        decoder_packs: Tensor | None = None,
    ) -> Tensor:
        """The last states: B T H, of an encoder-decoder B S H."""
        mask = make_mask(packs, packs, sight=sight, dtype=self.dtype)
        if decoder_ids is None or decoder_packs is None:
            states: Tensor = self.model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
            return states
        encoded = self.model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
        states = self.model.get_decoder()(
            input_ids=decoder_ids,
            attention_mask=make_mask(decoder_packs, decoder_packs, sight="left", dtype=self.dtype),
            encoder_hidden_states=encoded,
            encoder_attention_mask=make_mask(decoder_packs, packs, sight="both", dtype=self.dtype),
        ).last_hidden_state
        return states


@torch.no_grad()
def _find_scale(model: Any, *, two: bool) -> float | None:
    """What the last states are multiplied by before the output layer; None where logits are more than a product.

    T5 and others scale; some add a bias, squash, or have layers of their own: those keep their own forward.
    """
    ids = torch.arange(8, device=model.device)[None]
    inputs = {"input_ids": ids, "decoder_input_ids": ids} if two else {"input_ids": ids}
    was_training = model.training
    model.eval()
    wanted = model(**inputs).logits.float()
    if two:
        encoded = model.get_encoder()(input_ids=ids).last_hidden_state
        states = model.get_decoder()(input_ids=ids, encoder_hidden_states=encoded).last_hidden_state
    else:
        states = model.base_model(**inputs).last_hidden_state
    head = model.get_output_embeddings()
    model.train(was_training)
    if head is None or head.weight.shape[1] != states.shape[-1]:
        return None
    plain = (states @ head.weight.t()).float()
    scale = float((wanted * plain).sum() / (plain * plain).sum())
    differs = (wanted - scale * plain).abs().max() > TOLERANCE[states.dtype] * wanted.abs().max()
    return None if differs else scale


@torch.no_grad()
def prove_masks(learner: Learner, *, sight: Sight) -> None:
    """Refuse a model that lets a token see another document, or (where it must look left only) the next token."""
    was_training = learner.training
    learner.eval()
    device = learner.model.device
    ids = torch.arange(8, 20, device=device)[None] % learner.model.config.get_text_config().vocab_size
    packs = torch.tensor([[0] * 6 + [1] * 6], device=device)
    decoder = {"decoder_ids": ids, "decoder_packs": packs} if learner.two else {}
    before = learner.read(ids, packs, sight=sight, **decoder)
    changed = ids.clone()
    changed[0, 3] = 6
    after = learner.read(changed, packs, sight=sight, **decoder)
    learner.train(was_training)
    moved = (before != after).any(-1)[0]
    name = type(learner.model).__name__
    if moved[6:].any():
        raise ModelError(f"{name} lets packed documents see each other: it doesn't obey a four-dimensional mask.")
    if learner.two:
        return
    if sight == "left" and moved[:3].any():
        raise ModelError(f"{name} lets tokens see what follows them, which this objective must not.")
    if sight == "both" and not moved[:3].all():
        raise ModelError(f"{name} doesn't let tokens see what follows them, which this objective needs.")
