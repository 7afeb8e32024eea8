"""Reach: what of names and words does not come back from a tokenizer's tokens, so that no output can have it.

Knows no rule and no model.
"""

from collections.abc import Iterable

from tagwright.errors import ModelError
from tagwright.formats.grammar.lexicon import Lexicon
from tagwright.formats.inventory import Inventory
from tagwright.formats.strings.syntax import PART, escape, join_words, split_items
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

LOST = "word that the tokenizer can't write"


def check_names(inventory: Inventory, lexicon: Lexicon, *, model: str) -> None:
    """Refuse labels and slots whose names are lost: they would be taught and never read, and two could look alike."""
    for names in (inventory.spans, inventory.relations, inventory.arguments, inventory.slots):
        for label in names.labels:
            written = join_words(names.write(label))
            found = lexicon.read(lexicon.encode(f"{PART} {written}")).text
            words = [item.text for item in split_items(found) if not item.is_mark]
            if names.read(words) != label:
                raise ModelError(
                    f"The label {label!r} is written {written!r}, and comes back from the tokens of {model} as "
                    f'{" ".join(words)!r}. Name it otherwise in the recipe: [writer.words] "{label}" = "...", or take '
                    "a model whose vocabulary has these characters."
                )


def note_lost(documents: Iterable[Document], ledger: Ledger, *, lexicon: Lexicon) -> None:
    """Note the words of documents that the tokenizer can't write as they are."""
    for document in documents:
        written = [escape(word) for word in document.words]
        lexicon.learn(written)
        for word in filter(lexicon.loses, written):
            ledger.note(LOST, word)
