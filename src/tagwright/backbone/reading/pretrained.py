"""Anything that transformers reads by a name: a folder, a hub id or `builtin:NAME`. Knows nothing of layers."""

import logging
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants
from transformers import AutoConfig, AutoTokenizer

from tagwright.backbone.builtin import BACKBONES, LABELER_FILE, PREFIX, find_backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.errors import ModelError

KNOWN = ", ".join(BACKBONES)
PATIENCE = 5.0  # seconds to wait for the hub's door to open


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
        if reason := explain_attention(extra.get("attn_implementation"), str(error)):
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


def explain_attention(wanted: str | None, said: str) -> str:
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
