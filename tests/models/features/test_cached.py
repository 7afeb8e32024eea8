"""Words that were read beforehand: the same states, losses and spans as of the whole tagger, for any of its parts."""

from typing import Any

import pytest
import torch

from tagwright.backbone.fusion import FUSIONS, FusionConfig
from tagwright.backbone.fusion.fusion import build_fusion
from tagwright.errors import ModelError
from tagwright.inference.runner import Runner
from tagwright.models.features.cached import CachedTagger
from tagwright.models.features.reading import Gather, ReadPiece, join_states, order_pieces, read_words
from tagwright.models.tagger import Tagger
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.tuning import TUNINGS, TuningConfig
from tiny_labelers import make_documents, make_tagger

LONG = make_documents(1, seed=3, most=60)
DOCUMENTS = [*make_documents(8, seed=1), Document.from_words([]), Document.from_words(["§", "ab"]), *LONG]
WORDS = sum(map(len, DOCUMENTS))


def make_frozen(fusion: str = "mix", **settings: Any) -> Tagger:
    tagger = make_tagger(**settings)
    if settings.get("kind") == "t5":
        tagger.backbone.model = tagger.backbone.model.get_encoder()  # type: ignore[operator]
    config = FusionConfig(name=fusion, **({"layer": 1} if fusion == "layer" else {}))
    tagger.fusion = build_fusion(config, width=tagger.backbone.width, depth=tagger.backbone.depth)
    for weight in tagger.fusion.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    tagger.tune(TUNINGS["frozen"](TuningConfig(name="frozen")))
    return tagger.eval()


def read(tagger: Tagger, dtype: torch.dtype = torch.float32, autocast: Any = None) -> list[ReadPiece]:
    pieces = tagger.cut(DOCUMENTS, Ledger())
    parts = read_words(tagger.backbone, pieces, gather=Gather(tagger.fusion), dtype=dtype, autocast=autocast)
    return join_states(pieces, torch.cat([*parts]))


def check_same(tagger: Tagger) -> None:
    pieces, cached = read(tagger), CachedTagger(tagger).eval()
    for chosen in (pieces, pieces[2:5], pieces[-1:]):
        whole, kept = tagger.collate(chosen), cached.collate(chosen)
        assert torch.equal(whole.keep, kept.keep)
        one, other = (
            labeler.encode(batch)[whole.keep].detach() for labeler, batch in ((tagger, whole), (cached, kept))
        )
        assert float(one.abs().max()) > 0.1
        torch.testing.assert_close(other, one, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_states_are_those_of_the_whole_tagger(fusion: str) -> None:
    check_same(make_frozen(fusion))


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "llama"},
        {"kind": "llama", "sight": "01"},
        {"kind": "llama", "repeat": 1, "read_at": "last"},
        {"kind": "t5"},
        {"kind": "albert", "read_at": "first"},  # one layer that is run several times: read after the forward
        {"max_tokens": 12, "overlap": 4},
    ],
    ids=str,
)
def test_sight_repeat_windows_and_kinds_are_right(settings: dict[str, Any]) -> None:
    tagger = make_frozen("dwatt", **settings)
    check_same(tagger)
    if "max_tokens" in settings:
        assert len(read(tagger)) > len(DOCUMENTS)


@pytest.mark.parametrize("head", ["softmax", "crf"])
def test_losses_and_spans_are_those_of_the_whole_tagger(head: str) -> None:
    tagger = make_frozen(head=head, max_tokens=12, overlap=4)
    pieces, cached = read(tagger), CachedTagger(tagger)
    cached.know(DOCUMENTS, pieces)
    gold = tagger.stack(tagger.find_targets(pieces, DOCUMENTS))
    losses = [one.loss(one.collate(pieces), gold) for one in (tagger, cached)]
    torch.testing.assert_close(*losses, rtol=1e-5, atol=0)
    whole, kept = (list(Runner(one).stream(DOCUMENTS[::-1])) for one in (tagger, cached))  # type: ignore[arg-type]
    assert [document.spans for document in kept] == [document.spans for document in whole]
    assert sum(len(document.spans) for document in whole) > 5


def test_layers_are_kept_that_the_fusion_reads_and_the_last() -> None:
    for fusion, layers in (("last", (2,)), ("layer", (1, 2)), ("mix", (0, 1, 2)), ("deeper", (2,))):
        tagger = make_frozen(fusion)
        assert Gather(tagger.fusion).layers == layers
        assert {piece.states.shape for piece in read(tagger)} == {(WORDS, len(layers), 16)}


def test_every_piece_has_the_rows_of_its_own_words() -> None:
    tagger = make_frozen("mix")
    taken = sorted(row for piece in read(tagger) for row in range(piece.row, piece.row + piece.count))
    assert taken == [*range(WORDS)]


def test_the_longest_pieces_are_read_first() -> None:
    pieces = make_frozen().cut(DOCUMENTS, Ledger())
    lengths = [len(pieces[at]) for at in order_pieces(pieces)]
    assert lengths == sorted(lengths, reverse=True) and len(set(lengths)) > 3


def test_half_precision_is_as_near_as_it_can_be() -> None:
    tagger = make_frozen("mix")
    exact = read(tagger)[0].states
    for dtype in (torch.bfloat16, torch.float16):
        kept = read(tagger, dtype)[0].states
        assert kept.dtype == dtype and torch.equal(kept, exact.to(dtype))


def test_under_autocast_nothing_is_lost_in_its_precision() -> None:
    tagger = make_frozen("mix")
    full, half = (read(tagger, dtype, torch.bfloat16)[0].states for dtype in (torch.float32, torch.bfloat16))
    assert torch.equal(full, half.float())


def test_states_too_large_for_half_precision_are_refused() -> None:
    tagger = make_frozen("mix")
    embeddings = tagger.backbone.model.get_input_embeddings()
    torch.nn.init.constant_(embeddings.weight, 1e6)
    tagger.backbone.model.embeddings.LayerNorm.weight.data.fill_(1e6)
    torch.nn.init.normal_(embeddings.weight)
    with pytest.raises(ModelError, match=r"too large for torch.float16.*bfloat16"):
        read(tagger, torch.float16)
    read(tagger, torch.bfloat16)


def test_only_what_was_read_can_be_cut() -> None:
    tagger = make_frozen()
    cached = CachedTagger(tagger)
    cached.know(DOCUMENTS, read(tagger))
    again = cached.cut([DOCUMENTS[3], DOCUMENTS[0], DOCUMENTS[3]], Ledger())
    assert [piece.document for piece in again] == [0, 1, 2]
    with pytest.raises(ModelError, match="not other, which was not"):
        cached.cut([Document.from_words(["new"], id="other")], Ledger())
    with pytest.raises(ModelError, match="not documents cut off"):
        cached.cut(DOCUMENTS, Ledger(), on_long="truncate")


def test_the_tagger_is_trained_through_it_and_its_backbone_is_no_part_of_it() -> None:
    tagger = make_frozen("dwatt")
    cached = CachedTagger(tagger)
    names = {name for name, weight in tagger.named_parameters() if weight.requires_grad}
    assert {name for name, _ in cached.named_parameters()} == names
    assert {name.partition(".")[0] for name in names} == {"fusion", "head"}
    assert tagger.tuning.collect(cached).keys() == tagger.tuning.collect(tagger).keys()
