"""LanguageModel: a whole pretrained model that writes: an encoder-decoder, or a decoder that goes on with a prompt.

Knows nothing of labels, formats or grammars.
"""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)

from tagwright.backbone.backbone import (
    find_max_tokens,
    load_tokenizer,
    restore_model,
    save_memory,
)
from tagwright.backbone.builtin import UNTRAINED
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.four_bits import ask_for_four_bits, check_four_bits
from tagwright.backbone.language.marks import add_marks
from tagwright.backbone.reading.pretrained import read_pretrained
from tagwright.backbone.reading.weights import check_weights
from tagwright.backbone.sight.masks import LENGTHS, NO_WRITER, SightHooks
from tagwright.backbone.sight.probe import prove_sight
from tagwright.backbone.sight.proven import check_plan, set_sight
from tagwright.backbone.sight.sight import Sight, is_learned
from tagwright.errors import ModelError
from tagwright.tokens.align import WordTokenizer

logger = logging.getLogger(__name__)
IGNORED = -100  # a place without a target, as torch's cross-entropy has it
WRITERS = "builtin:tiny-t5, builtin:tiny-decoder, or any T5 or decoder of the hub"


class LanguageModel(nn.Module):
    """A transformers model with its head and its tokenizer. `is_pair`: it has an encoder that reads the source.

    end: the token that ends what is written. pad: what fills up a batch; masked, so it is the end where there is none.
    start: what the decoder of a pair begins with. sight: of a decoder, chosen layers look right within the prompt.
    """

    gates = None  # others ask for them: no sight is learned here
    learned: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, model: Any, tokenizer: WordTokenizer, *, config: BackboneConfig) -> None:
        super().__init__()
        self.model, self.tokenizer, self.config = model, tokenizer, config
        self.is_pair = bool(model.config.is_encoder_decoder)
        self.end: int = _find_end(model.config, tokenizer.tokenizer, name=config.model)
        self.pad: int = _find_pad(tokenizer.tokenizer, end=self.end)
        self.start = _find_start(model.config, name=config.model) if self.is_pair else None
        self.sight: Sight | None = None
        self.hooks: SightHooks | None = None
        if config.sight is not None:
            self._obey(config.sight)
        if config.gradient_checkpointing:
            save_memory(model)

    def _obey(self, plan: str | Iterable[int]) -> None:
        """Open layers of a decoder for its prompt, proven; a plan is kept as layers, as a tagger's is."""
        self.sight, self.hooks = set_sight(self.model, plan, scope="prompt")
        self.config = self.config.model_copy(update={"sight": self.sight.open})

    @property
    def most(self) -> int:
        """The tokens that fit into the model: of a source, or of a prompt and its continuation."""
        config = self.model.config.get_text_config()
        return min(self.config.max_tokens, find_max_tokens(config, self.tokenizer.tokenizer))

    def settle(self) -> None:
        """The end of a training: nothing was open."""

    def prove(self) -> None:
        """Make sure of the chosen sight once more, after something was put on the model."""
        if self.sight is not None:
            prove_sight(self.model, self.sight.flags, packs=False, scope="prompt")

    def lose(self, ids: Tensor, gold: Tensor, *, attend: Tensor | None) -> Tensor:
        """B: the loss of each row, summed over the tokens of its target; `gold` is IGNORED elsewhere.

        Of a pair `ids` are sources and `gold` targets; else `ids` are prompts with their continuations, and `gold`
        names the tokens of the latter at their own places. The last token of a prompt is not in its sight's scope:
        it is read with what is written (see Writing).
        """
        inputs = {"input_ids": ids, "attention_mask": attend, "use_cache": False}
        if self.is_pair:
            first = torch.full_like(gold[:, :1], self.start or 0)
            before = torch.cat([first, gold[:, :-1].masked_fill(gold[:, :-1] == IGNORED, self.pad)], dim=1)
            logits = self.model(**inputs, decoder_input_ids=before).logits
        else:
            inputs |= {} if self.hooks is None else {LENGTHS: (gold != IGNORED).int().argmax(1) - 1}
            logits, gold = self.model(**inputs).logits[:, :-1], gold[:, 1:]
        rows, places = (gold != IGNORED).nonzero(as_tuple=True)
        losses = F.cross_entropy(logits[rows, places].float(), gold[rows, places], reduction="none")
        return losses.new_zeros(len(gold)).index_add(0, rows, losses)


def load_language(
    config: BackboneConfig, *, marks: Mapping[str, str], places: int = 0, four_bits: bool = False
) -> LanguageModel:
    """Load a model by local folder, hub id or `builtin:NAME`. For marks and places see `add_marks`."""
    if four_bits:
        check_four_bits(config.model)
    kind = find_kind(config)
    if config.sight is not None:
        check_writing(config, read_pretrained(AutoConfig, config))
    loading = {"dtype": getattr(torch, config.dtype), "output_loading_info": True, "ignore_mismatched_sizes": True}
    loading |= ask_for_four_bits() if four_bits else {}
    model, report = read_pretrained(kind, config, **loading)
    check_weights(config.model, model, report=report, used={id(weight) for weight in model.parameters()})
    tokenizer = load_tokenizer(config).tokenizer
    if fresh := add_marks(model, tokenizer, names=marks, places=places):
        few = ", ".join(map(repr, fresh[:5])) + (f" ... ({len(fresh)})" if len(fresh) > 5 else "")
        logger.info("%s got tokens for what its vocabulary lacks: %s.", config.model, few)
    return LanguageModel(model, WordTokenizer(tokenizer), config=config)


def sketch_language(config: BackboneConfig, *, marks: Mapping[str, str], places: int = 0) -> LanguageModel:
    """What `load_language` would give, without a weight: its tokenizer is real, its tensors are empty."""
    kind, plain = find_kind(config), config.model_copy(update={"sight": None, "gradient_checkpointing": False})
    if config.sight is not None:
        check_writing(config, read_pretrained(AutoConfig, config))
    tokenizer = load_tokenizer(config).tokenizer
    with torch.device("meta"):
        model = kind.from_config(read_pretrained(AutoConfig, config))
        add_marks(model, tokenizer, names=marks, places=places)
    return LanguageModel(model, WordTokenizer(tokenizer), config=plain)


def check_writing(config: BackboneConfig, model: Any) -> None:
    """Refuse a sight that a writer can't have, by the config.json of its model alone."""
    if model.is_encoder_decoder:
        raise ModelError(
            f"{config.model} is an encoder-decoder: its encoder sees a source both ways as it is. "
            "Leave backbone.sight out, or take a decoder."
        )
    if is_learned(config.sight):
        raise ModelError(
            f"A writer's sight is chosen, not learned: {config.sight!r}. Name layers, such as 0011 or all."
        )
    text = model.get_text_config()
    check_plan(config.sight or (), text)
    if config.scope == "document" and Sight.parse(config.sight or (), layers=text.num_hidden_layers).open:
        raise ModelError(NO_WRITER)


def restore_language(folder: Path, config: BackboneConfig) -> LanguageModel:
    """A model with the architecture and tokenizer of a saved folder and weights still to be filled in."""
    local = config.model_copy(update={"model": str(folder), "revision": None})
    return LanguageModel(restore_model(find_kind(local), local), load_tokenizer(local), config=config)


def find_kind(config: BackboneConfig) -> Any:
    """The class of transformers that loads it; a model that can't write is refused."""
    if config.model == UNTRAINED:
        raise ModelError(f"{UNTRAINED} is an encoder: it reads and can't write. A writer is trained on {WRITERS}.")
    found = read_pretrained(AutoConfig, config)
    kind = found.model_type
    if found.is_encoder_decoder and kind in MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES:
        return AutoModelForSeq2SeqLM
    looks_right = getattr(found, "is_causal", True) is False or kind in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    if kind in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and not looks_right:
        return AutoModelForCausalLM
    raise ModelError(
        f"{config.model} ({kind}) is no model that writes: "
        + ("it is an encoder. " if looks_right else "transformers has no language model of that kind. ")
        + f'Train a tagger on it (view = "tagger"), or take a model that writes: {WRITERS}.'
    )


def _find_end(config: Any, tokenizer: Any, *, name: str) -> int:
    ids: Iterable[Any] = (tokenizer.eos_token_id, config.eos_token_id)
    found = next((each for each in ids if each is not None), None)
    if found is None:
        raise ModelError(
            f"{name} has no token that ends a text, so nobody would know when an output is done. Name one: set "
            "eos_token in its tokenizer_config.json and eos_token_id in its config.json."
        )
    return int(found[0] if isinstance(found, list) else found)


def _find_pad(tokenizer: Any, *, end: int) -> int:
    if tokenizer.pad_token_id is None:
        logger.info("The tokenizer has no token for padding: the end token is used, and masked.")
    return int(end if tokenizer.pad_token_id is None else tokenizer.pad_token_id)


def _find_start(config: Any, *, name: str) -> int:
    if config.decoder_start_token_id is None:
        raise ModelError(
            f"{name} doesn't say what its decoder begins with. Set decoder_start_token_id in its config.json "
            "(T5 begins with the padding token)."
        )
    return int(config.decoder_start_token_id)
