"""Writing: an encoder-decoder or a causal model that writes for many rows, several tokens at once. Knows no grammar.

Rows move on at their own pace. A model that counts slots (a sliding window does) must see true distances: what a row
has read stands at the right end of its cache, without gaps. One that is told all it knows of order may have gaps.
"""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache, EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput

from tagwright.backbone.sight.masks import LENGTHS, has_hooks
from tagwright.backbone.writing.memory import Memory, Pair
from tagwright.backbone.writing.order import Order
from tagwright.errors import ModelError

FEW = 32  # where a token is chosen from less than this part of the vocabulary, picking rows of the head is quicker


class Writing:
    """A transformers model with a language modelling head, in eval mode.

    `start` is the first token of a decoder that has an encoder. A causal model's rows begin with the last token of
    their prompt, which is read with what is written; its sight of scope `prompt` covers the tokens before that one.
    """

    def __init__(self, model: Any, *, pad: int = 0, start: int | None = None) -> None:
        self.model, self.pad = model, pad
        self.has_encoder = bool(getattr(model.config, "is_encoder_decoder", False))
        self.start: int | None = getattr(model.config, "decoder_start_token_id", None) if start is None else start
        if self.has_encoder and self.start is None:
            raise ModelError(
                f"{type(model).__name__} has no decoder_start_token_id, the token that its decoder begins with. "
                "Set it in the model's config.json; T5 begins with its padding token."
            )
        head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
        if head is None:
            raise ModelError(
                f"{type(model).__name__} has no language modelling head, so it can't write. "
                "Load it as AutoModelForCausalLM or AutoModelForSeq2SeqLM."
            )
        self.head: Any = head
        is_plain = type(head) is nn.Linear and "forward" not in vars(head)  # what spreads a model over devices sets one
        self.narrows = None if is_plain else False  # the first reading tells
        self.takes = frozenset(inspect.signature(model.forward).parameters)
        self.order = Order(model, has_encoder=self.has_encoder, takes_positions="position_ids" in self.takes)

    @property
    def device(self) -> torch.device:
        return torch.device(next(self.model.parameters()).device)

    def first(self, prompt: Sequence[int]) -> int:
        """The token that a row begins with: the first to be read."""
        return int(self.start if self.has_encoder else prompt[-1])  # type: ignore[arg-type]

    def find_room(self, prompt: Sequence[int], most: int) -> int:
        """How many tokens may be written on a prompt: as many as are wished, or as the model has positions for."""
        limit: int | None = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        if limit is None:
            return most
        if len(prompt) > limit:
            raise ModelError(
                f"A prompt has {len(prompt)} tokens, and {type(self.model).__name__} has positions for {limit}. "
                "Cut the document into shorter ones."
            )
        return min(most, limit if self.has_encoder else limit - len(prompt) + 1)

    @torch.no_grad()
    def begin(self, prompts: Sequence[Sequence[int]]) -> Memory:
        """Read the prompts, all but the token that each row begins with."""
        if self.has_encoder:
            ids, keep = self._pad(prompts, left=False)
            states = self.model.get_encoder()(input_ids=ids, attention_mask=keep.long()).last_hidden_state
            return Memory([0] * len(prompts), keep[:, :0], self.order.gaps, states=states, keep=keep)
        if not all(prompts):
            raise ModelError("A prompt has no token. Give at least one, such as the token that begins a text.")
        read = [prompt[:-1] for prompt in prompts]
        ids, keep = self._pad(read, left=True)
        memory = Memory([len(prompt) for prompt in read], keep, self.order.gaps)
        if not any(read):
            return memory
        inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": keep.long()}
        if "position_ids" in self.takes:
            inputs["position_ids"] = (keep.cumsum(1) - 1).clamp(min=0)
        if "logits_to_keep" in self.takes:
            inputs["logits_to_keep"] = 1
        cache = DynamicCache()
        self.model(**inputs, past_key_values=cache, use_cache=True)
        memory.cache = _list_pairs(cache)
        return memory

    @torch.no_grad()
    def read(
        self,
        memory: Memory,
        tokens: Sequence[Sequence[int]],
        *,
        wanted: Tensor | None = None,
        among: Tensor | None = None,
    ) -> Tensor:
        """Read on in every row, by as many tokens as are given. Logits B T V, padded on the right.

        `wanted` (B T, bool): only these, as N V. `among` (N A, int): of these only the logits of A tokens each, as N A.
        `settle` must follow, which says what is kept.
        """
        ids, _ = self._pad(tokens, left=False)
        width = ids.shape[1]
        lengths = torch.tensor(memory.lengths, device=self.device)[:, None]
        last = torch.tensor([len(row) - 1 for row in tokens], device=self.device)[:, None]  # padding has no further one
        positions = lengths + torch.arange(width, device=self.device).clamp(max=last)
        keep = torch.cat([memory.held, torch.ones_like(ids, dtype=torch.bool)], 1)
        cache: Any = _make_cache(memory.cache)
        if self.has_encoder:
            cache = EncoderDecoderCache(cache, _make_cache(memory.cross))
            inputs = {"decoder_input_ids": ids, "decoder_attention_mask": keep.long(), "attention_mask": memory.keep}
            inputs["encoder_outputs"] = BaseModelOutput(last_hidden_state=memory.states)
        else:
            inputs = {"input_ids": ids, "attention_mask": keep.long()}
            inputs |= {"position_ids": positions} if "position_ids" in self.takes else {}
            if not memory.slots and _has_sight(self.model):  # or open layers would take what is written for the prompt
                inputs[LENGTHS] = torch.zeros(len(tokens), dtype=torch.long)
        narrow = among if self.narrows and among is not None and among.shape[1] * FEW < len(self.head.weight) else None
        hooks, seen = self.order.hook(memory.held, positions), list[Tensor]()
        if wanted is not None:
            hooks.append(self.head.register_forward_pre_hook(lambda _, args: (args[0][wanted][None], *args[1:])))
        if self.narrows is None:
            hooks.append(self.head.register_forward_hook(lambda _head, _args, out: seen.extend((out, out.clone()))))
        try:
            with _narrowed(self.head, narrow):
                logits: Tensor = self.model(**inputs, past_key_values=cache, use_cache=True).logits
        finally:
            for hook in hooks:
                hook.remove()
        if self.narrows is None:  # a model that does more to its logits must have them all
            self.narrows = logits is seen[0] and torch.equal(*seen)
        if self.has_encoder:
            memory.cross = _list_pairs(cache.cross_attention_cache)
            cache = cache.self_attention_cache
        memory.cache = _list_pairs(cache)
        logits = logits if wanted is None else logits[0]
        return logits if among is None or narrow is not None else logits.gather(-1, among)

    def _pad(self, rows: Sequence[Sequence[int]], *, left: bool) -> tuple[Tensor, Tensor]:
        """B T ids, and which of them are there."""
        width = max(map(len, rows))
        ids = torch.full((len(rows), width), self.pad)
        keep = torch.zeros((len(rows), width), dtype=torch.bool)
        for number, row in enumerate(rows):
            place = slice(width - len(row), width) if left else slice(len(row))
            ids[number, place] = torch.as_tensor(row, dtype=torch.long)
            keep[number, place] = True
        return ids.to(self.device), keep.to(self.device)


def _has_sight(model: nn.Module) -> bool:
    try:
        return has_hooks(model)
    except ModelError:  # a model of unknown build has been given none
        return False


@contextmanager
def _narrowed(head: Any, among: Tensor | None) -> Iterator[None]:
    """Within it a linear head gives 1 N A: of each state the logits of its own tokens (N A), no others."""
    if among is None:
        yield
        return
    places = among.to(head.weight.device)

    def forward(states: Tensor) -> Tensor:
        logits = torch.bmm(head.weight[places], states[0, :, :, None])[None, :, :, 0]
        return logits if head.bias is None else logits + head.bias[places]

    head.forward = forward
    try:
        yield
    finally:
        del head.forward


def _make_cache(pairs: Sequence[Pair]) -> DynamicCache:
    cache = DynamicCache()
    for number, (keys, values) in enumerate(pairs):
        cache.update(keys[:, :, :0], values[:, :, :0], number)
        cache.layers[number].keys, cache.layers[number].values = keys, values  # an update would copy them
    return cache


def _list_pairs(cache: Any) -> list[Pair]:
    return [(layer.keys, layer.values) for layer in cache.layers]
