"""The exception tree: one root, and a DataError that says where."""

import pytest

from tagwright import errors
from tagwright.errors import DataError, TagwrightError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_is_in_the_tree_and_in_its_drawing(kind: type[Exception]) -> None:
    assert issubclass(kind, TagwrightError)
    assert kind.__name__ in (errors.__doc__ or "")
    assert str(kind("what was found")) == "what was found"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (DataError("bad tag", path="a.conll", line=3), "a.conll:3: bad tag"),
        (DataError("empty", path="a.conll"), "a.conll: empty"),
        (DataError("empty", line=3), "empty"),
    ],
)
def test_a_data_error_says_where(error: DataError, message: str) -> None:
    assert str(error) == message
    assert error.reason == message.rsplit(": ", 1)[-1]
