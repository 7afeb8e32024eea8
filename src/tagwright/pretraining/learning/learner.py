"""Learner: a transformers model with the masks of its lessons and their loss. Knows nothing of files or steps."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from tagwright.errors import ModelError
from tagwright.pretraining.learning.loss import TINY, sum_cross_entropy
from tagwright.pretraining.learning.masks import make_mask, make_masks
from tagwright.pretraining.objectives.objective import Sight

TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 3e-2, torch.float16: 1e-2}  # share of the largest logit
LARGE = 1000.0  # a logit that whatever squashes logits would not let through


class Learner(nn.Module):
    """`forward` gives the sum of nats over a lesson's predictions. A token sees its own document alone.

    Positions count on from one document of a row to the next. To rotary and relative ones that is all the same;
    models that learn a vector for each position (BERT, GPT-2) so learn the later ones too, from every row.
    """

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
            mask = make_masks(self.model.base_model.config, packs, sight=sight, dtype=self.dtype)
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
        reader = self.model.get_encoder() if self.two else self.model.base_model
        mask = make_masks(reader.config, packs, sight=sight, dtype=self.dtype)
        states: Tensor = reader(input_ids=ids, attention_mask=mask).last_hidden_state
        if decoder_ids is None or decoder_packs is None:
            return states
        encoded, decoder = states, self.model.get_decoder()
        states = decoder(
            input_ids=decoder_ids,
            attention_mask=make_masks(decoder.config, decoder_packs, sight="left", dtype=self.dtype),
            encoder_hidden_states=encoded,
            encoder_attention_mask=make_mask(decoder_packs, packs, sight="both", dtype=self.dtype),
        ).last_hidden_state
        return states


@torch.no_grad()
def _find_scale(model: Any, *, two: bool) -> float | None:
    """What the last states are multiplied by before the output layer; None where logits are more than a product.

    T5 and others scale; some add a bias, squash, or have layers of their own: those keep their own forward.
    """
    head, was_training = model.get_output_embeddings(), model.training
    if head is None or getattr(head, "bias", None) is not None:
        return None
    model.eval()
    wanted, states = _read_logits(model, two=two)
    if head.weight.shape[1] != states.shape[-1]:
        model.train(was_training)
        return None
    plain = (states @ head.weight.t()).float()
    scale = float((wanted * plain).sum() / (plain * plain).sum())
    is_product = _agree(wanted, scale * plain, states.dtype)
    kept = head.weight.clone()
    largest = float(wanted.abs().max().clamp_min(TINY))
    head.weight *= 2.0 ** round(math.log2(LARGE / largest))  # small logits come through a squash whole
    wanted, states = _read_logits(model, two=two)
    is_product &= _agree(wanted, scale * (states @ head.weight.t()).float(), states.dtype)
    head.weight.copy_(kept)
    model.train(was_training)
    return scale if is_product else None


def _read_logits(model: Any, *, two: bool) -> tuple[Tensor, Tensor]:
    """The model's own logits of a few tokens in float32, and the states that they are made of."""
    ids = torch.arange(8, device=model.device)[None]
    if not two:
        return model(input_ids=ids).logits.float(), model.base_model(input_ids=ids).last_hidden_state
    encoded = model.get_encoder()(input_ids=ids).last_hidden_state
    states = model.get_decoder()(input_ids=ids, encoder_hidden_states=encoded).last_hidden_state
    return model(input_ids=ids, decoder_input_ids=ids).logits.float(), states


def _agree(wanted: Tensor, found: Tensor, dtype: torch.dtype) -> bool:
    return bool((wanted - found).abs().max() <= TOLERANCE[dtype] * wanted.abs().max())
