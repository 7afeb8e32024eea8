"""The scope `prompt`: open within the prompt, causal after it, and a cache that tells the truth."""

import pytest
import torch

from sight_models import find_moved, make_ids, make_model
from tagwright.backbone.sight.proven import set_sight
from tagwright.errors import ModelError

NAMES = ["llama", "mistral", "gemma3", "gpt2"]
PROMPT = 6


def open_prompt(name: str, plan: str = "0110", *, scope: str = "prompt", **rest: object) -> object:
    model = make_model(name, head=True, **rest)
    set_sight(model, plan, scope=scope)  # type: ignore[arg-type]
    return model


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_prefilling_and_going_on_is_one_forward(name: str, attention: str) -> None:
    model, ids = open_prompt(name, attn_implementation=attention), make_ids(2, 10)
    lengths = torch.full((2,), PROMPT)
    with torch.no_grad():
        whole = model(input_ids=ids, prompt_lengths=lengths, use_cache=False).logits
        prefilled = model(input_ids=ids[:, :PROMPT], use_cache=True)
        parts, cache = [prefilled.logits], prefilled.past_key_values
        for at in range(PROMPT, 10):
            step = model(input_ids=ids[:, at : at + 1], past_key_values=cache, use_cache=True)
            parts.append(step.logits)
            cache = step.past_key_values
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, atol=1e-4, rtol=1e-4)


def test_several_tokens_at_once_go_on_causally() -> None:
    model, ids = open_prompt("llama"), make_ids(1, 10)
    with torch.no_grad():
        whole = model(input_ids=ids, prompt_lengths=torch.tensor([PROMPT]), use_cache=False).logits
        cache = model(input_ids=ids[:, :PROMPT], use_cache=True).past_key_values
        rest = model(input_ids=ids[:, PROMPT:], past_key_values=cache, use_cache=True).logits
    torch.testing.assert_close(rest, whole[:, PROMPT:], atol=1e-4, rtol=1e-4)


def test_rows_have_prompts_of_their_own() -> None:
    model, ids = open_prompt("llama", "1111"), make_ids(2, 8)
    with torch.no_grad():
        both = model(input_ids=ids, prompt_lengths=torch.tensor([3, 7]), use_cache=False).logits
        for row, length in enumerate((3, 7)):
            alone = model(input_ids=ids[row : row + 1], prompt_lengths=torch.tensor([length]), use_cache=False).logits
            torch.testing.assert_close(both[row], alone[0], atol=1e-5, rtol=1e-5)
    none = torch.tensor([0, 0])
    assert find_moved(model, ids, prompt_lengths=none, use_cache=False) == [False] * 4
    assert find_moved(model, ids, prompt_lengths=none + 8, use_cache=False) == [True] * 4
    assert find_moved(model, ids, prompt_lengths=none + 7, use_cache=False) == [False] * 4  # the last one is written


@pytest.mark.parametrize("name", NAMES)
def test_generating_with_the_cache_is_generating_without(name: str) -> None:
    model, ids = open_prompt(name), make_ids(2, PROMPT)
    keep = torch.tensor([[1] * PROMPT, [0, 0] + [1] * (PROMPT - 2)])
    written = model.generate(
        input_ids=ids, attention_mask=keep, max_new_tokens=5, min_new_tokens=5, do_sample=False, pad_token_id=0
    )
    grown, mask = ids, keep
    for _ in range(5):
        places = {"position_ids": (mask.cumsum(-1) - 1).clamp(min=0)}
        with torch.no_grad():
            logits = model(
                input_ids=grown, attention_mask=mask, prompt_lengths=torch.full((2,), PROMPT), use_cache=False, **places
            ).logits[:, -1]
        logits[:, 2] = -torch.inf  # the end is not chosen, as min_new_tokens has it
        grown = torch.cat([grown, logits.argmax(-1, keepdim=True)], dim=1)
        mask = torch.cat([mask, torch.ones(2, 1, dtype=mask.dtype)], dim=1)
    assert torch.equal(written, grown)


@pytest.mark.parametrize("use_cache", [True, False])
def test_an_open_document_generates_nothing(use_cache: bool) -> None:
    model = open_prompt("llama", scope="document")
    with pytest.raises(ModelError, match="open layers see the whole document, so it can't generate"):
        model.generate(input_ids=make_ids(1, 4), max_new_tokens=2, do_sample=False, use_cache=use_cache)


def test_a_prompt_without_an_end_is_refused() -> None:
    model = open_prompt("llama")
    with pytest.raises(ModelError, match="it isn't known where the prompt ends. Give prompt_lengths"):
        model.generate(input_ids=make_ids(1, 4), max_new_tokens=2, do_sample=False, use_cache=False)
    document = open_prompt("llama", scope="document")
    with pytest.raises(ModelError, match="prompt_lengths is for the scope 'prompt'"):
        document(input_ids=make_ids(), prompt_lengths=torch.tensor([3]), use_cache=False)


def test_a_closed_plan_takes_lengths_and_stays_as_it_is() -> None:
    """So that a study can compare plans by the same calls."""
    closed, ids = open_prompt("llama", "none"), make_ids(2)
    with torch.no_grad():
        found = closed(input_ids=ids, prompt_lengths=torch.tensor([3, 4])).logits
        assert torch.equal(found, make_model("llama", head=True)(input_ids=ids).logits)
        written = closed.generate(input_ids=ids, max_new_tokens=3, do_sample=False, pad_token_id=0)
    assert written.shape[1] > 8
