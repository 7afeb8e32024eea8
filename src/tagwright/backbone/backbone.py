"""Backbone: a pretrained model that turns a batch of tokens into word states. Knows nothing of labels."""

import inspect
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer

from tagwright.backbone.builtin import UNTRAINED
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.four_bits import ask_for_four_bits, check_four_bits
from tagwright.backbone.fusion.fusion import Fusion
from tagwright.backbone.fusion.layers import fuse
from tagwright.backbone.pooling import find_shares, pool_words
from tagwright.backbone.reading.pretrained import explain_attention, read_pretrained
from tagwright.backbone.reading.weights import check_weights
from tagwright.backbone.sight.learned import Gates
from tagwright.backbone.sight.masks import SightHooks, find_stack
from tagwright.backbone.sight.probe import prove_sight
from tagwright.backbone.sight.proven import check_plan, find_nature, learn_sight, set_sight
from tagwright.backbone.sight.sight import Sight, count_gates, is_learned, refuse_learned
from tagwright.backbone.untrained import build_untrained
from tagwright.errors import ModelError, RecipeError
from tagwright.tokens.align import WordTokenizer
from tagwright.tokens.batch import Batch, Limits, OnLong

logger = logging.getLogger(__name__)
UNLIMITED = 1_000_000  # tokenizers say "no limit" by a huge number
# These number positions from the padding id upwards, as RoBERTa does
SHIFTED = frozenset(
    ("roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod", "camembert", "data2vec-text", "ibert")
    + ("esm", "longformer", "luke", "markuplm", "mpnet")
)


class Backbone(nn.Module):
    """A transformers model with its tokenizer. `forward` gives one state for every word of a batch."""

    def __init__(self, model: nn.Module, tokenizer: WordTokenizer, *, config: BackboneConfig) -> None:
        super().__init__()
        self.model, self.tokenizer, self.config = model, tokenizer, config
        _strip(model)
        self.sight: Sight | None = None
        self.hooks: SightHooks | None = None
        self.gates: Gates | None = None
        self.learned: dict[str, Any] = {}  # of a learned sight: how sure its gates were
        if config.scope == "prompt":
            raise ModelError("Words are read where all of a document is seen. The scope 'prompt' is for writers.")
        if isinstance(config.sight, str) and is_learned(config.sight):
            self.gates = Gates(count_gates(config.sight, layers=len(find_stack(model)[1])))
            self.hooks = learn_sight(model, self.gates)
        elif config.sight is not None:
            self._obey(config.sight)
        if config.gradient_checkpointing:
            save_memory(model)

    def _obey(self, plan: str | Iterable[int]) -> None:
        self.sight, self.hooks = set_sight(self.model, plan)
        # a plan is kept as layers: bits mean others in another model
        self.config = self.config.model_copy(update={"sight": self.sight.open})

    def settle(self) -> None:
        """The end of a training: the plan that was learned, if any was, is from now on the backbone's own."""
        if self.gates is None or self.hooks is None:
            return
        self.learned, plan, self.gates = self.gates.tell(), self.gates.plan, None
        self.hooks.remove()
        self._obey(plan)
        if self.config.read_at == "first":
            _warn_first(self)

    def prove(self) -> None:
        """Make sure of the chosen sight once more, after something was put on the model."""
        if self.sight is not None:
            prove_sight(self.model, self.sight.flags, packs=False)

    def warn(self) -> None:
        """Say what a choice costs, where that shows in no score: once, where the choice is made."""
        if self.config.read_at == "first" and self.gates is None:
            _warn_first(self)
        if self.config.repeat:
            limits, times = self.find_limits(), 1 + self.config.repeat
            room = (limits.tokens - self.tokenizer.specials) // times
            logger.warning(
                "backbone.repeat = %d gives a text %d times: windows hold %d tokens of it, of the %d that the model "
                "reads at once, and training and labelling take about %d times as long.",
                *(self.config.repeat, times, room, limits.tokens, times),
            )

    @property
    def width(self) -> int:
        """Size of a word's state (H)."""
        return int(_text_config(self.model).hidden_size)

    def find_sight(self) -> Sight:
        """Which layers look right: the plan, proven when it was made, or the model's nature, found by running it."""
        if self.gates is not None:  # what they would come to now
            return Sight.parse(self.gates.plan, layers=len(find_stack(self.model)[1]))
        return find_nature(self.model).sight if self.sight is None else self.sight

    def find_limits(self, on_long: OnLong = "window") -> Limits:
        """How long windows may be: the recipe's wish, cut to what the model can take."""
        most = find_max_tokens(_text_config(self.model), self.tokenizer.tokenizer)
        return limit_windows(self.config, self.tokenizer, most=most, on_long=on_long)

    @property
    def depth(self) -> int:
        """How many layers the model has."""
        return int(_text_config(self.model).num_hidden_layers)

    def forward(self, batch: Batch, fusion: Fusion | None = None) -> Tensor:
        """B T -> B W H: the last layer's states of words or, in float32, what a fusion makes of several layers'."""
        inputs = {"input_ids": batch.ids, "attention_mask": batch.attend}
        if fusion is None:
            return pool_words(self.model(**inputs).last_hidden_state, batch, read_at=self.config.read_at)
        shares = find_shares(batch, read_at=self.config.read_at, dtype=self.model.dtype)  # type: ignore[arg-type]

        def pool(hidden: Tensor) -> Tensor:
            return shares.to(hidden.dtype) @ hidden

        return fuse(self.model, inputs, fusion=fusion, pool=pool, keep=batch.keep)


def load(
    path: str,
    *,
    sight: str | Iterable[int] | None = None,
    attn_implementation: str | None = None,
    **settings: Any,
) -> Backbone:
    """A backbone by local folder, hub id or `builtin:NAME`, ready to run; its `.model` is a transformers model.

    `sight` says which layers look right: see Sight. `settings` are those of `[backbone]` in a recipe.
    """
    refuse_learned(sight)
    wanted = sight if sight is None or isinstance(sight, str) else tuple(sight)
    try:
        config = BackboneConfig(model=str(path), sight=wanted, attn_implementation=attn_implementation, **settings)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise RecipeError(f"A backbone can't be loaded like this: {faults}.") from error
    backbone = load_backbone(config).eval()
    backbone.warn()
    return backbone


def load_backbone(config: BackboneConfig, words: Iterable[str] = (), *, four_bits: bool = False) -> Backbone:
    """Load a backbone by local folder, hub id or `builtin:NAME`. `words` teach the tokenizer of an untrained one.

    four_bits: its matrices are kept in four bits, on a GPU.
    """
    if four_bits:
        check_four_bits(config.model)
    if config.model == UNTRAINED:
        model, tokenizer = build_untrained(words)
        return Backbone(model, WordTokenizer(tokenizer), config=config)
    if config.sight is not None:
        check_plan(config.sight, load_config(config))
    loading = {"dtype": getattr(torch, config.dtype), "output_loading_info": True, "ignore_mismatched_sizes": True}
    loading |= ask_for_four_bits() if four_bits else {}
    model, report = read_pretrained(AutoModel, config, **loading)
    backbone = Backbone(_take_reader(model), load_tokenizer(config), config=config)
    check_weights(config.model, model, report=report, used={id(weight) for weight in backbone.parameters()})
    return backbone


def load_tokenizer(config: BackboneConfig) -> WordTokenizer:
    """The tokenizer alone, for inspection before any weight is loaded."""
    return WordTokenizer(read_pretrained(AutoTokenizer, config))


def load_config(config: BackboneConfig) -> Any:
    """The transformers config alone, for inspection before any weight is loaded."""
    return _text(read_pretrained(AutoConfig, config))


def restore_backbone(folder: Path, config: BackboneConfig) -> Backbone:
    """A backbone with the architecture and tokenizer of a saved folder and weights still to be filled in."""
    local = config.model_copy(update={"model": str(folder), "revision": None})
    return Backbone(_take_reader(restore_model(AutoModel, local)), load_tokenizer(local), config=config)


def restore_model(kind: Any, config: BackboneConfig) -> Any:
    """The architecture of a saved folder; its weights are still to be filled in."""
    wanted = config.attn_implementation
    extra = {} if wanted is None else {"attn_implementation": wanted}
    try:
        return kind.from_config(read_pretrained(AutoConfig, config), dtype=getattr(torch, config.dtype), **extra)
    except (ValueError, KeyError, ImportError) as error:
        reason = explain_attention(wanted, str(error)) or f"The architecture can't be built: {error}"
        raise ModelError(f"{config.model}: {reason}") from error


def limit_windows(config: BackboneConfig, tokenizer: WordTokenizer, *, most: int, on_long: OnLong = "window") -> Limits:
    """The windows of a model whose longest input has `most` tokens."""
    tokens = min(config.max_tokens, most)
    room = (tokens - tokenizer.specials) // (1 + config.repeat)
    return Limits(tokens, min(config.overlap, max(room // 2, 0)), on_long, config.repeat)


def find_max_tokens(config: Any, tokenizer: Any) -> int:
    """The longest input that a model takes, special tokens included."""
    limits = [UNLIMITED]
    positions = getattr(config, "max_position_embeddings", None)
    if positions is not None and positions > 0:
        limits.append(positions - (config.pad_token_id + 1 if config.model_type in SHIFTED else 0))
    if tokenizer.model_max_length:
        limits.append(int(min(tokenizer.model_max_length, UNLIMITED)))
    return min(limits)


def save_memory(model: Any) -> None:
    """Compute activations again in the backward pass. transformers 5.23 renamed the switch."""
    switch = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
    try:
        switch()
    except ValueError as error:
        raise ModelError(f"{type(model).__name__} has no gradient checkpointing. Leave it out.") from error


def _warn_first(backbone: Backbone) -> None:
    """A causal layer before any open one has not read the rest of the word, if the text was not given before."""
    if backbone.config.repeat:
        return
    try:
        sight = backbone.find_sight()
    except ModelError as error:
        logger.debug("It isn't known whether read_at = 'first' is a handicap: %s", error)
        return
    if not sight.flags[0]:
        logger.warning(
            "read_at = 'first' labels a word before the layers that look left only have read the rest of it. "
            "Use 'mean' or 'last'."
        )


def _take_reader(model: Any) -> Any:
    """The part that reads text: an encoder-decoder's encoder, and of a model that sees pictures too its text model."""
    if getattr(model.config, "is_encoder_decoder", False):
        return model.get_encoder()
    return model if _text_config(model) is model.config else model.get_decoder()


def _strip(model: Any) -> None:
    """Take away what a tagger never uses: the pooled sentence state (idle weights) and the key-value cache."""
    if "add_pooling_layer" in inspect.signature(type(model).__init__).parameters:  # these can do without
        model.pooler = None
    if getattr(model.config, "use_cache", False):
        model.config.use_cache = False


def _text(config: Any) -> Any:
    return config.get_text_config() if hasattr(config, "get_text_config") else config


def _text_config(model: Any) -> Any:
    return _text(model.config)
