"""Makes what ships as `builtin:NAME`: the corpus of tiny-ner, and the package's folders from finished runs.

python recipes/builtin/make.py corpus --data ../shared/data     writes runs/tiny-ner-text/{train,dev,test}.jsonl
python recipes/builtin/make.py ship tiny-encoder tiny-ner       copies runs/NAME into src/tagwright/builtin/NAME
python recipes/builtin/make.py scores tiny-encoder              what benchmarks/backbones.py found, into its card
"""

import argparse
import json
import shutil
import statistics
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import tagwright
from tagwright.text.document import Document

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "src" / "tagwright" / "builtin"
CORPUS = Path("runs/tiny-ner-text")
LABELS = {
    "person": ("person", "politician", "scientist", "researcher", "musicalartist"),
    "location": ("location", "country"),
    "organization": ("organisation", "university", "politicalparty", "band", "corporation", "group"),
}
PARTS = {  # of wnut17 (CC BY 4.0) and CrossNER (MIT; text of Wikipedia, CC BY-SA)
    "train": ("wnut17/train", *(f"crossner_{one}/{part}" for one in ("ai", "music", "politics", "science")
                                for part in ("train", "dev"))),
    "dev": ("wnut17/dev",),
    "test": ("wnut17/test", *(f"crossner_{one}/test" for one in ("ai", "music", "politics", "science"))),
}  # fmt: skip
SOURCES = """English only: tweets and other short posts of WNUT-17 (leondz/emerging_entities_17, CC BY 4.0), and
Wikipedia in four fields of CrossNER (zliucr/CrossNER, MIT; its text is Wikipedia's, CC BY-SA). Their labels were joined
to three, and spans with other labels left out; documents of the test part were taken out of the others. Dev is WNUT-17
alone, and harder; test is mostly Wikipedia: on posts expect the dev score.
"""
OF_PACKAGE = {  # what a card says of a folder -> what holds for the model that comes with the package
    "    from transformers import AutoModel, AutoTokenizer\n": "    import tagwright.backbone\n",
    '    model, tokenizer = AutoModel.from_pretrained("{0}"), AutoTokenizer.from_pretrained("{0}")\n': (
        '    model = tagwright.backbone.load("builtin:{0}").model\n'
    ),
    "--model {0} ": "--model builtin:{0} ",
    "`tagwright pretrain recipe.toml --out FOLDER`": "`tagwright pretrain recipes/builtin/{0}.toml`",
    "where `recipe.toml` names it": "where the recipe names it",
}
REPORT = Path("runs/bench/backbones/report.json")
SCORES, OVERLAP = "## Scores\n", "## Overlap with labelled files\n"
FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "README.md", "curve.csv")


def make_corpus(data: Path) -> None:
    """One corpus with three labels from several; spans with other labels go and are counted."""
    names = {name: label for label, many in LABELS.items() for name in many}
    CORPUS.mkdir(parents=True, exist_ok=True)
    test = {document.words for name in PARTS["test"] for document in tagwright.read(str(data / f"{name}.conll"))}
    for part, files in PARTS.items():
        documents: list[Document] = []
        dropped = repeated = 0
        for name in files:
            for document in tagwright.read(str(data / f"{name}.conll")):
                if part != "test" and document.words in test:
                    repeated += 1
                    continue
                spans = [replace(span, label=names[span.label]) for span in document.spans if span.label in names]
                dropped += len(document.spans) - len(spans)
                corpus = name.partition("/")[0]
                documents.append(replace(document.with_spans(spans), id=f"{corpus}-{document.id}"))
        tagwright.write(documents, str(CORPUS / f"{part}.jsonl"))
        kept = sum(len(document.spans) for document in documents)
        told = f"{part}: {len(documents)} documents, {kept} spans; {dropped} spans have other labels"
        print(told + f"; {repeated} documents of the test part left out" * bool(repeated))


def ship(name: str) -> None:
    """A run's folder as package data."""
    run, folder = Path("runs") / name, SHIPPED / name
    if (run / "tagwright.json").exists():
        fixture = [document.only(()) for document in tagwright.read(str(CORPUS / "test.jsonl"))[:200:25]]
        labeler = tagwright.load(str(run))
        labeler.save_pretrained(folder, fixture=labeler.predict(fixture), dtype="float16")
        card = (folder / "README.md").read_text(encoding="utf-8")
        card = card.replace(f'load("{name}")', f'load("builtin:{name}")').replace("## Data\n", f"## Data\n\n{SOURCES}")
        (folder / "README.md").write_text(card, encoding="utf-8")
    else:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for one in FILES:
            shutil.copyfile(run / one, folder / one)
        card = (folder / "README.md").read_text(encoding="utf-8")
        for old, new in OF_PACKAGE.items():
            card = card.replace(old.format(name), new.format(name))
        (folder / "README.md").write_text(card, encoding="utf-8")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 1e6:.1f} MB")


def write_scores(name: str) -> None:
    """What the benchmark found, into the card of a backbone."""
    found = json.loads(REPORT.read_text(encoding="utf-8"))
    bits = next(row for row in found["bits"] if row["name"] == name)
    cells = [cell["settings"] for cell in found["cells"] if cell["settings"].get("name") == name]
    tuned = {cell["corpus"]: cell for cell in cells if cell["part"] == "labelling" and cell["weights"] == "pretrained"}
    about = next(iter(tuned.values()))
    lines = [
        f"Held-out bits per byte by `benchmarks/backbones.py`: {bits['bits_per_byte']:.3f}; a 5-gram Kneser-Ney model "
        f"on the same tokens: {bits['ngrams']:.3f}.",
        "",
        f"Fine-tuned (the same script; {about['epochs']} epochs, batches of {about['batch']}, learning rate "
        f"{about['rate']:g}) beside the same architecture with random weights. Test F1, of ud_en_ewt the accuracy of "
        "parts of speech; mean and standard deviation over seeds, each of which draws other documents.",
        "",
        "| corpus | training documents | seeds | these weights | random weights |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in found["labelling"]:
        if row["name"] == name:
            told = [_tell(row[weights].values()) for weights in ("pretrained", "random")]
            documents = tuned[row["corpus"]]["documents"]["train"]
            lines.append(f"| {row['corpus']} | {documents:,} | {len(row['pretrained'])} | {' | '.join(told)} |")
    path = SHIPPED / name / "README.md"
    before, _, after = path.read_text(encoding="utf-8").partition(OVERLAP)
    before = before.partition(SCORES)[0]
    path.write_text("\n".join([before + SCORES, *lines, "", OVERLAP + after]), encoding="utf-8")
    print(f"{path}: scores of {len(tuned)} corpora")


def _tell(scores: Iterable[float]) -> str:
    values = list(scores)
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("corpus", "ship", "scores"))
    parser.add_argument("names", nargs="*", help="of runs")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    if options.what == "corpus":
        make_corpus(options.data)
    for each in options.names:
        {"ship": ship, "scores": write_scores}[options.what](each)
