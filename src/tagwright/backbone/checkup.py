"""A checkup of a backbone, by running it: who sees whom, and whether company changes the state of a word.

Knows nothing of labels. A finding is a fact or a fault; it is for the caller to refuse the model.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from tagwright.backbone.backbone import Backbone
from tagwright.backbone.language.language import LanguageModel
from tagwright.backbone.sight.probe import find_sight, list_hidden, list_rightward
from tagwright.backbone.sight.proven import find_nature
from tagwright.backbone.sight.sight import Scope, Sight
from tagwright.errors import ModelError
from tagwright.text.ledger import Ledger
from tagwright.tokens.batch import Cutter, collate

DOCUMENTS = (("One", "word", "after", "another"), ("Yes",), ("The", "end"))
CLOSE = 1e-3  # of the size of a state, in float32; half precision is told apart by its own coarseness


@dataclass(frozen=True)
class Finding:
    """`holds` is None where a model isn't so by nature, which is no fault."""

    what: str
    holds: bool | None
    detail: str = ""


def examine(model: nn.Module, sight: Sight, *, scope: Scope = "document") -> Iterator[Finding]:
    """Every way of calling the model, one finding each; `sight` is what is expected of it."""
    for inputs in list_rightward(model, scope=scope):
        found = find_sight(model, inputs=inputs)
        wrong = [layer for layer, flag in enumerate(found) if flag != sight.flags[layer]]
        detail = f"layers {wrong} do otherwise" if wrong else "as its sight says"
        yield Finding(f"who sees whom: {inputs.name}", not wrong, detail)
    ways = list(list_hidden(model, packs=True, scope=scope))
    for inputs in ways:
        leaks = [layer for layer, flag in enumerate(find_sight(model, inputs=inputs)) if flag]
        if inputs.name.startswith("packed"):
            detail = "seen, so documents must not be packed into one row" if leaks else "not seen"
            yield Finding(f"neighbours in a row: {inputs.name}", None if leaks else True, detail)
        else:
            yield Finding(inputs.name, not leaks, f"seen by layers {leaks}" if leaks else "not seen")
    if not any(inputs.name.startswith("packed") for inputs in ways):
        yield Finding("neighbours in a row", None, "not checked: this model takes no positions, so no rows are packed")


def compare_company(backbone: Backbone) -> Finding:
    """Documents in a padded batch against each one alone."""
    cutter = Cutter(backbone.tokenizer, backbone.find_limits("truncate"))
    pieces = cutter.cut(DOCUMENTS, Ledger())
    device = next(backbone.parameters()).device
    pad = backbone.tokenizer.pad_id
    what = "a batch of one against a padded batch"
    try:
        with torch.no_grad():
            together = backbone(collate(pieces, pad).to(device))
            alone = [backbone(collate([piece], pad).to(device))[0] for piece in pieces]
    except Exception as error:  # models of any make are run here
        return Finding(what, False, f"it can't be run on token ids: {error}")
    apart = max(float((together[row, : len(one)] - one).abs().max()) for row, one in enumerate(alone))
    share = apart / float(together.abs().mean())
    close = CLOSE if together.dtype == torch.float32 else 30 * torch.finfo(together.dtype).eps
    return Finding(what, share <= close, f"states differ by {share:.1e} at most")


def check(backbone: Backbone) -> tuple[Sight | None, list[Finding]]:
    """The sight that was found, if the model's layers can be told apart, and all findings."""
    try:
        sight = backbone.find_sight()
        findings = list(examine(backbone.model, sight))
    except ModelError as error:
        return None, [Finding("who sees whom", None, str(error)), compare_company(backbone)]
    return sight, [*findings, compare_company(backbone)]


def check_language(language: LanguageModel) -> tuple[Sight | None, list[Finding]]:
    """The same of a model that writes: of a decoder's prompt, if its sight was chosen, or of a pair's encoder."""
    model = language.model.get_encoder() if language.is_pair else language.model
    scope: Scope = "document" if language.hooks is None else "prompt"
    try:
        sight = find_nature(model).sight if language.sight is None else language.sight
        return sight, list(examine(model, sight, scope=scope))
    except ModelError as error:
        return None, [Finding("who sees whom", None, str(error))]
