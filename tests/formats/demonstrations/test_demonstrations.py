"""Which pairs are shown: those of the same pass, the likest first; and they come back as they were written."""

import json

from tagwright.formats.demonstrations.demonstrations import Demonstration, Demonstrations

PAIRS = (
    Demonstration("Rome saw Ann", "[ Rome | location ] saw [ Ann | person ]"),
    Demonstration("it rains", "it rains", 1),
    Demonstration("Bob left", "[ Bob | person ] left"),
    Demonstration("ROME fell", "[ ROME | location ] fell"),
)


def test_the_likest_of_a_pass() -> None:
    shown = Demonstrations(PAIRS)
    assert shown.find("rome fell", number=0, count=2) == [PAIRS[3], PAIRS[0]]
    assert shown.find("rome fell", number=0, count=9) == [PAIRS[3], PAIRS[0], PAIRS[2]]
    assert shown.find("rome fell", number=1, count=2) == [PAIRS[1]]
    assert shown.find("rome fell", number=2, count=2) == []
    assert Demonstrations().find("rome", number=0, count=2) == []


def test_what_is_marked_is_what_is_asked_about() -> None:
    bought, sold = (Demonstration(source, "") for source in ("Ann [ bought ] and sold", "Ann bought and [ sold ]"))
    shown = Demonstrations((bought, sold))
    assert shown.find("Bob bought and [ sold ]", number=0, count=1) == [sold]
    assert shown.find("Bob [ bought ] and sold", number=0, count=1) == [bought]


def test_they_come_back() -> None:
    shown = Demonstrations(PAIRS)
    assert Demonstrations.from_list(json.loads(json.dumps(shown.to_list()))) == shown
