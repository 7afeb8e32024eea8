"""Every kind of causal model of transformers that can be made small obeys a sight, or is refused by name."""

import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from sight_models import GROUPED, LAYERS, SIZES, make_ids
from tagwright.backbone.sight.proven import set_sight
from tagwright.errors import ModelError

pytestmark = pytest.mark.slow
LARGEST = 10_000_000  # weights
PATIENCE = 60  # seconds
EXPERTS = dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 2)
EXPERTS |= {"num_experts_per_tok": 1, "moe_intermediate_size": 16}
TRIED: tuple[dict[str, Any], ...] = ({}, GROUPED, GROUPED | {"sliding_window": 4}, {"num_key_value_heads": 4} | EXPERTS)
# what they lack; kinds that aren't here must obey
NO_HANDING_ON = dict.fromkeys(("bloom", "falcon", "mpt", "megatron-bert", "mvp", "rembert"), "doesn't hand")
NO_STACK = dict.fromkeys(("cpmant", "ctrl", "gpt_neox_japanese", "openai-gpt", "xlm"), "stacks of 4 layers")
NO_MASK = dict.fromkeys(("rwkv", "xlstm"), "takes no attention_mask")
NO_ATTENTION = dict.fromkeys(
    ("axk2", "falcon_h1", "falcon_mamba", "inkling_text", "inkling2_text", "jamba", "kimi_linear", "lfm3", "mamba")
    + ("minimax", "nemotron_h", "recurrent_gemma", "zaya"),
    "attention whose sight can be changed",
)
REFUSED = NO_HANDING_ON | NO_STACK | NO_MASK | NO_ATTENTION


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Some kinds take minutes even when they are small."""

    def give_up(number: int, frame: FrameType | None) -> None:
        pytest.skip(f"more than {PATIENCE} seconds")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)


def build(kind: str) -> Any:
    """A tiny model of this kind that runs, with the first sizes that it takes."""
    reason = ""
    for sizes in TRIED:
        try:
            config = transformers.AutoConfig.for_model(kind, **(SIZES | sizes))
            if config.get_text_config().num_hidden_layers != LAYERS:
                reason = "its number of layers has another name"
                continue
            with torch.device("meta"):
                count = sum(weight.numel() for weight in transformers.AutoModel.from_config(config).parameters())
            if count > LARGEST:
                reason = f"{count:,} weights"
                continue
            torch.manual_seed(0)
            model = transformers.AutoModel.from_config(config).eval()
            model.config.use_cache = False
            for weight in model.parameters():
                if weight.ndim > 1:
                    torch.nn.init.normal_(weight, std=0.2)
            with torch.no_grad():
                model(input_ids=make_ids())
        except Exception as error:  # sizes that this kind doesn't take
            reason = f"{type(error).__name__}: {error}"
        else:
            return model
    pytest.skip(reason)


@pytest.mark.parametrize("kind", MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
def test_it_obeys_or_is_refused(kind: str) -> None:
    """`set_sight` proves every layer; of a model that is bidirectional by nature it closes what isn't named."""
    model = build(kind)
    if kind in REFUSED:
        with pytest.raises(ModelError, match=REFUSED[kind]):
            set_sight(model, "0001")
    else:
        sight, hooks = set_sight(model, "0001")
        assert sight.open == (3,) and hooks is not None
