"""Backbone: a pretrained model that turns a batch of tokens into word states. Knows nothing of labels."""

import inspect
import logging
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import torch
from huggingface_hub import constants
from pydantic import ValidationError
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer

from tagwright.backbone.builtin import BACKBONES, LABELER_FILE, PREFIX, UNTRAINED, find_backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.four_bits import ask_for_four_bits, check_four_bits
from tagwright.backbone.fusion.fusion import Fusion
from tagwright.backbone.fusion.layers import fuse
from tagwright.backbone.pooling import find_shares, pool_words
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
KNOWN = ", ".join(BACKBONES)
PATIENCE = 5.0  # seconds to wait for the hub's door to open
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
        tokens = min(self.config.max_tokens, find_max_tokens(_text_config(self.model), self.tokenizer.tokenizer))
        room = (tokens - self.tokenizer.specials) // (1 + self.config.repeat)
        return Limits(tokens, min(self.config.overlap, max(room // 2, 0)), on_long, self.config.repeat)

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
        reason = _explain_attention(wanted, str(error)) or f"The architecture can't be built: {error}"
        raise ModelError(f"{config.model}: {reason}") from error


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


def check_weights(name: str, model: Any, *, report: dict[str, Any], used: set[int]) -> None:
    """Weights that the files lack would be random: refused. Those that have no place are lost: warned of.

    Either way but for parts that are not used, such as the heads of other tasks.
    """
    weights = dict(model.named_parameters())
    lost = {*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])}
    if random := sorted(key for key in lost if key in weights and id(weights[key]) in used):
        raise ModelError(
            f"{name} lacks {len(random)} of the weights that its config.json asks for, or holds them in another "
            f"shape; the first is {random[0]}. They would be random. "
            "Put the config.json and the weights together that were saved together."
        )
    start = f"{model.base_model_prefix}."
    kinds = {_find_kind(key.removeprefix(start)) for key, weight in weights.items() if id(weight) in used}
    if left := sorted(key for key in report["unexpected_keys"] if _find_kind(key.removeprefix(start)) in kinds):
        logger.warning(
            "%s holds %d weights that its config.json has no place for; the first is %s. They are left out, so this is "
            "not the model that was saved, unless its config.json was cut on purpose.",
            *(name, len(left), left[0]),
        )


def _find_kind(weight: str) -> str:
    """The module that a weight is part of, whichever layer that is in."""
    return re.sub(r"(?<=\.)\d+(?=\.|$)", "*", weight.rpartition(".")[0])


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


def read_pretrained(kind: Any, config: BackboneConfig, **extra: Any) -> Any:
    """`kind.from_pretrained` with errors that say what to do."""
    if config.attn_implementation is not None and kind not in (AutoConfig, AutoTokenizer):
        extra["attn_implementation"] = config.attn_implementation
    name = str(find_backbone(config.model)) if config.model.startswith(PREFIX) else config.model
    if name.startswith((".", "/", "~")) and not Path(name).is_dir():
        raise ModelError(f"There is no folder {name}. Check the path, or give a hub id such as `org/name`.")
    if Path(name, LABELER_FILE).is_file():
        raise ModelError(
            f"{name} is a labeler, not a backbone: it labels as it is, by `tagwright predict {name} FILE`. "
            "Give the backbone that it was trained on, or another."
        )
    if not Path(name).is_dir() and not is_hub_reached():
        extra["local_files_only"] = True
    try:
        with _report_held_back() if extra.get("output_loading_info") else nullcontext():
            return kind.from_pretrained(
                name, revision=config.revision, trust_remote_code=config.trust_remote_code, **extra
            )
    except Exception as error:  # damaged files raise anything: KeyError, SafetensorError, a plain Exception
        if reason := _explain_attention(extra.get("attn_implementation"), str(error)):
            raise ModelError(f"{config.model}: {reason}") from error
        raise ModelError(_explain(name, error)) from error


@contextmanager
def _report_held_back() -> Iterator[None]:
    """transformers lists whatever has no place, such as heads of other tasks; `check_weights` tells what matters."""

    def tells_more(record: logging.LogRecord) -> bool:
        said = record.getMessage()
        return "LOAD REPORT" not in said or "CONVERSION" in said

    source = logging.getLogger("transformers.modeling_utils")
    source.addFilter(tells_more)
    try:
        yield
    finally:
        source.removeFilter(tells_more)


@cache
def is_hub_reached() -> bool:
    """Whether the hub can be connected to, by a quick look: its own library tries for most of a minute."""
    if constants.HF_HUB_OFFLINE:
        return False
    if getproxies():  # which know the way
        return True
    hub = urlsplit(constants.ENDPOINT)
    try:
        socket.create_connection((hub.hostname, hub.port or 443), timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def _explain_attention(wanted: str | None, said: str) -> str:
    """What to do where it is the attention that can't be had; else nothing."""
    if wanted is None or not re.search(r"attn_implementation|flash.?attention|scaled_dot_product", said, re.IGNORECASE):
        return ""
    why = said.strip().splitlines()[0].partition(" Please request")[0]  # of its makers, at an address made of a path
    return (
        f"backbone.attn_implementation = {wanted!r} can't be had here: {why}\n"
        'Leave it out, or take "sdpa" or "eager", which need neither a package nor a GPU; of a saved labeler it stands '
        "in tagwright.json, and changes nothing that was learned."
    )


def _explain(name: str, error: Exception) -> str:
    text = str(error).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    if Path(name).exists():
        return (
            f"The folder {name} can't be loaded as a transformers model: {first}\n"
            "Expected: config.json, model.safetensors and tokenizer.json, as save_pretrained writes them."
        )
    if hint := advise_on_hub(name, text):
        return hint
    return f"{name} can't be loaded: {first}\nGive a hub id such as `org/name`, a local folder, or one of {KNOWN}."


def advise_on_hub(name: str, said: str) -> str:
    """What to do where the hub keeps something back or can't be reached, by what its library said; else nothing."""
    first, lowered = said.strip().partition("\n")[0], said.lower()
    if "gated" in lowered or "401" in lowered or "403" in lowered or "access" in lowered:
        return (
            f"{name} is gated or private: {first}\n"
            "Accept its terms on its model page, then log in with `hf auth login` (or set HF_TOKEN)."
        )
    if any(word in lowered for word in ("offline", "connect", "couldn't reach", "resolve", "traffic")):
        online = "Unset HF_HUB_OFFLINE to load it" if constants.HF_HUB_OFFLINE else "Go online once"
        return (
            f"{name} is neither a local folder nor in the local cache, and the model hub can't be reached: {first}\n"
            f"{online}, or give the path of a folder that holds the model."
        )
    return ""
