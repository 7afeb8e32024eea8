"""Decontamination: what counts as shared, what is dropped, and what the table says; held to brute force besides."""

import json
import pickle
import random
from pathlib import Path

import pytest

from tagwright.errors import DataError, RecipeError
from tagwright.pretraining.corpus.overlap import EvaluationNgrams, OverlapTable, drop_overlaps
from tagwright.pretraining.corpus.text import PlainText

QUOTE = "It is a truth universally acknowledged, that a single man must be in want of a wife."


def write_conll(path: Path, *documents: str) -> str:
    """A file of words, one document a block."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join("".join(f"{word}\tO\n" for word in document.split()) for document in documents), "utf-8")
    return str(path)


def clean(ngrams: EvaluationNgrams, *documents: tuple[str, ...]) -> tuple[list[tuple[str, ...]], OverlapTable]:
    table = OverlapTable()
    texts = [PlainText(f"text:{number}", paragraphs) for number, paragraphs in enumerate(documents, start=1)]
    return [document.paragraphs for document in drop_overlaps(texts, ngrams, found=table)], table


def test_the_paragraph_goes_and_the_document_stays(tmp_path: Path) -> None:
    gold = write_conll(
        tmp_path / "books/test.conll", "It is a truth universally acknowledged , that a single man must be"
    )
    ngrams = EvaluationNgrams.read([gold], words=12)
    kept, table = clean(ngrams, ("Chapter 1", f"So: {QUOTE}", "However little known."), (QUOTE,), ("Other text.",))
    assert kept == [("Chapter 1", "However little known."), ("Other text.",)]
    file = table.files["books/test.conll"]
    assert (file.documents, file.too_short, file.paragraphs, file.characters) == (1, 0, 2, 2 * len(QUOTE) + 4)
    assert (table.seen.documents, table.seen.paragraphs) == (3, 5)
    assert (table.dropped.documents, table.dropped.paragraphs, table.dropped.characters) == (1, 2, file.characters)


def test_a_run_that_is_one_word_too_short_is_not_shared(tmp_path: Path) -> None:
    gold = write_conll(tmp_path / "test.conll", "a single man must be in want of a wife")
    assert clean(EvaluationNgrams.read([gold], words=10), (QUOTE,))[0] == []
    assert clean(EvaluationNgrams.read([gold], words=10), (QUOTE.replace("wife", "dog"),))[0] != []
    assert clean(EvaluationNgrams.read([gold], words=9), (QUOTE.replace("wife", "dog"),))[0] == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("I do n't think we ca n't win", "\u201cI DON\u2019T think we can't win\u201d"),
        ("you can not be at the U.S. - led talks", "you cannot be at the U.S.-led talks"),
        ("`` Well , '' he 'd say , `` d' you see the 1,000 ?", '"Well," he\'d say, "d\'you see the 1,000?'),
        ("Trả_lời phỏng_vấn , ông Lộc nói : bán đất", "Trả lời phỏng vấn, ông Lộc nói: bán đất"),
        ("一些 問題 。 這樣 的 處理", "一些問題。這樣的處理"),
        (
            "le cafe\u0301 ｎｏｉｒ de la \ufb01lle e\u0301tait ferme\u0301",
            "Le caf\u00e9 noir de la fille \u00e9tait ferm\u00e9",
        ),
    ],
)
def test_files_of_words_and_running_text_agree(tmp_path: Path, words: str, text: str) -> None:
    ngrams = EvaluationNgrams.read([write_conll(tmp_path / "test.conll", words)], words=7)
    assert list(ngrams.sizes.values()) == [(1, 0)]
    assert clean(ngrams, (text,))[0] == []


def test_runs_stay_in_their_evaluation_document(tmp_path: Path) -> None:
    ngrams = EvaluationNgrams.read([write_conll(tmp_path / "test.conll", "one two three", "four five six")], words=4)
    kept, table = clean(ngrams, ("one two three four five six",))
    assert kept == [("one two three four five six",)]
    (file,) = table.files.values()
    assert (file.documents, file.too_short) == (2, 2)


def test_runs_go_on_over_the_lines_of_a_text_but_not_over_documents(tmp_path: Path) -> None:
    ngrams = EvaluationNgrams.read([write_conll(tmp_path / "test.conll", "one two three four five six")], words=5)
    lines = ("nought one two", "three", "---", "four five", "seven")
    assert clean(ngrams, lines)[0] == [("seven",)]
    assert clean(ngrams, lines[:2], lines[2:])[0] == [lines[:2], lines[2:]]


def test_a_paragraph_counts_for_each_file_and_once_in_all(tmp_path: Path) -> None:
    paths = [write_conll(tmp_path / f"{name}/test.conll", "a b c d", f"{name} x y") for name in ("one", "two")]
    kept, table = clean(EvaluationNgrams.read(paths, words=3), ("A b c!", "Two x y.", "none"))
    assert kept == [("none",)]
    assert {name: file.paragraphs for name, file in table.files.items()} == {"one/test.conll": 1, "two/test.conll": 2}
    assert list(table.rows()) == [
        ("evaluation file", "documents", "too short to check", "paragraphs dropped", "characters dropped"),
        ("one/test.conll", "2", "0", "1", "6"),
        ("two/test.conll", "2", "0", "2", "14"),
        ("all", "4", "0", "2 of 3", "14 of 18"),
    ]
    assert json.loads(json.dumps(table.to_dict()))["dropped"] == {"documents": 0, "paragraphs": 2, "characters": 14}


def test_any_labelled_file_and_globs(tmp_path: Path) -> None:
    write_conll(tmp_path / "b/test.conll", "a b c")
    write_conll(tmp_path / "c/b/test.conll", "g h i")
    (tmp_path / "b/dev.jsonl").write_text('{"text": "d e f", "spans": []}\n')
    paths = [str(tmp_path / name) for name in ("b/*", "b/dev.jsonl", "c/b/test.conll")]
    ngrams = EvaluationNgrams.read(paths, words=3)
    assert list(ngrams.files) == ["b/dev.jsonl", "b/test.conll", paths[-1]]
    assert clean(ngrams, ("A b c", "D e f", "G h i", "a b d"))[0] == [("a b d",)]
    with pytest.raises(DataError, match="No file matches this glob"):
        EvaluationNgrams.read([str(tmp_path / "*.tsv")])
    with pytest.raises(RecipeError, match="A run of 0 words"):
        EvaluationNgrams.read([], words=0)


def test_nothing_to_compare_with_drops_nothing() -> None:
    kept, table = clean(EvaluationNgrams.read([]), (QUOTE,), ("", "?!"), ())
    assert kept == [(QUOTE,), ("", "?!"), ()]
    assert table.files == {} and table.seen.paragraphs == 3 and table.dropped.paragraphs == 0


def test_ngrams_travel_to_other_processes(tmp_path: Path) -> None:
    ngrams = EvaluationNgrams.read([write_conll(tmp_path / "t/test.conll", "a b c d")], words=3)
    again = pickle.loads(pickle.dumps(ngrams))
    assert clean(again, ("a b c", "a c b"))[0] == [("a c b",)]


@pytest.mark.parametrize("seed", range(5))
def test_the_same_as_comparing_every_run(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    gold = [rng.choices("abcd", k=rng.randint(1, 6)) for _ in range(40)]
    runs = {tuple(words[at : at + 4]) for words in gold for at in range(len(words) - 3)}
    ngrams = EvaluationNgrams.read([write_conll(tmp_path / "test.conll", *map(" ".join, gold))], words=4)
    texts = [tuple(" ".join(rng.choices("abcde", k=rng.randint(0, 4))) for _ in range(6)) for _ in range(60)]
    expected = []
    for paragraphs in texts:
        words = [(word, owner) for owner, text in enumerate(paragraphs) for word in text.split()]
        windows = [words[at : at + 4] for at in range(len(words) - 3)]
        shared = [window for window in windows if tuple(word for word, _ in window) in runs]
        gone = {owner for window in shared for owner in range(window[0][1], window[-1][1] + 1)}
        expected.append(tuple(text for owner, text in enumerate(paragraphs) if owner not in gone))
    assert 20 < sum(map(len, expected)) < sum(map(len, texts)) - 20
    assert clean(ngrams, *texts)[0] == [paragraphs for paragraphs in expected if paragraphs]
