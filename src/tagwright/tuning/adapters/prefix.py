"""PrefixTuning: learned keys and values that every layer of a decoder finds before those of the words."""

import inspect
from typing import Any, cast

import torch
from peft import PrefixEncoder, PrefixTuningConfig
from torch import Tensor, nn
from transformers import DynamicCache

from tagwright.backbone.sight.proven import find_nature
from tagwright.errors import ModelError
from tagwright.tuning.tuning import Tuning

NEEDS = ("past_key_values", "position_ids", "attention_mask")
PLACE = "tagwright_prefix"  # what the encoder is called within the model
INSTEAD = "Use the tuning 'lora'."


class PrefixTuning(Tuning):
    """The backbone stays as it is; the words keep their positions, so no place of a window is lost."""

    steps = 20.0

    def prepare(self, module: nn.Module) -> None:
        backbone = cast(Any, module).backbone
        model: Any = backbone.model
        _refuse(backbone)
        model.requires_grad_(False)
        nature = find_nature(model).sight
        prefix = _Prefix(model.config.get_text_config(), self.config.virtual_tokens)
        prefix.put_on(model)
        _prove(model, nature)

    def foresee(self, model: Any) -> int:
        with torch.device("meta"):
            encoder = _Prefix(model.config.get_text_config(), self.config.virtual_tokens).encoder
        return sum(weight.numel() for weight in encoder.parameters())

    def merge(self, module: nn.Module) -> None:
        raise ModelError("Learned keys and values have no place among a model's own weights: 'prefix' can't be merged.")


class _Prefix:
    """The hook on a model; its encoder is a part of the model, so that it is trained, moved and saved with it."""

    def __init__(self, config: Any, count: int) -> None:
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self.shape, self.config = (count, config.num_hidden_layers, 2, heads, size), config
        self.encoder = PrefixEncoder(
            PrefixTuningConfig(
                num_virtual_tokens=count,
                num_layers=config.num_hidden_layers,
                token_dim=heads * size,
            )
        )

    def put_on(self, model: Any) -> None:
        model.add_module(PLACE, self.encoder.to(model.device))
        model.register_forward_pre_hook(self._put_before, with_kwargs=True)

    def _put_before(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
        """Called with the token ids and, at most, a mask of two dimensions and their positions."""
        given = inspect.signature(model.forward).bind_partial(*args, **kwargs).arguments
        ids, keep = given["input_ids"], given.get("attention_mask")
        count, (rows, words) = self.shape[0], ids.shape
        keep = torch.ones_like(ids) if keep is None else keep
        given["attention_mask"] = torch.cat([keep.new_ones(rows, count), keep], dim=1)
        if given.get("position_ids") is None:
            given["position_ids"] = torch.arange(words, device=ids.device)[None]
        given["past_key_values"] = self._fill_cache(rows, model.dtype)
        more = given.pop("kwargs", {})
        return (), given | more | {"use_cache": True}

    def _fill_cache(self, rows: int, dtype: torch.dtype) -> DynamicCache:
        flat: Tensor = self.encoder.embedding.weight
        # P, L 2 H D -> L 2, B H P D
        states = flat.view(self.shape).permute(1, 2, 3, 0, 4).to(dtype)[:, :, None].expand(-1, -1, rows, -1, -1, -1)
        return _Before(self.config, states)


class _Before(DynamicCache):  # type: ignore[misc]
    """A cache that keeps nothing of the words, so that a layer may be run again."""

    def __init__(self, config: Any, states: Tensor) -> None:
        super().__init__(config=config)
        for layer, (keys, values) in enumerate(states):
            super().update(keys, values, layer)

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        kept = self.layers[layer_idx]
        return torch.cat([kept.keys, key_states], dim=-2), torch.cat([kept.values, value_states], dim=-2)


def _refuse(backbone: Any) -> None:
    model = backbone.model
    kind = model.config.model_type
    if missing := [name for name in NEEDS if name not in inspect.signature(model.forward).parameters]:
        raise ModelError(f"This {kind} takes no {missing[0]}, so it can't be given a prefix. {INSTEAD}")
    if backbone.hooks is not None:
        raise ModelError(f"A prefix and a chosen sight (backbone.sight) can't be had together. {INSTEAD}")
    if backbone.config.gradient_checkpointing:
        raise ModelError(f"Gradient checkpointing throws away what a prefix is put into. Leave it out, or: {INSTEAD}")


def _prove(model: Any, nature: Any) -> None:
    """A model may take a prefix and not read it, as encoders do, or read it and let its words see otherwise."""
    ids = torch.arange(4, 8, device=model.device)[None] % model.config.get_text_config().vocab_size
    weight = model.get_submodule(PLACE).embedding.weight
    with torch.no_grad():
        one = model(input_ids=ids).last_hidden_state
        weight.neg_()
        two = model(input_ids=ids).last_hidden_state
        weight.neg_()
    kind = model.config.model_type
    if torch.equal(one, two):
        raise ModelError(f"This {kind} doesn't read what stands before its words: only decoders do. {INSTEAD}")
    if find_nature(model).sight != nature:
        raise ModelError(f"With a prefix this {kind} doesn't see as it does without. {INSTEAD}")
