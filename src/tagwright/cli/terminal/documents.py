"""What labelled files hold, as tables for people and as plain values: counts, labels, lengths, what looks wrong.

Knows no verb.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tagwright.cli.terminal.files import read_labelled
from tagwright.io.kind import FileOptions, find_stem
from tagwright.recipe.inspection.layout import Layout, find_layout
from tagwright.recipe.inspection.lint import lint
from tagwright.recipe.inspection.summary import Lengths, Summary, summarise
from tagwright.text.ledger import Ledger

if TYPE_CHECKING:
    from tagwright.text.document import Document

BAR, MOST = 40, 60  # columns of the longest bar, labels shown


def show_data(
    console: Console, files: Mapping[str, Path], *, kind: str | None, options: FileOptions
) -> "tuple[dict[str, Sequence[Document]], dict[str, Any]]":
    """Read and show the parts; gives them, and all that was said as plain values."""
    reading = Ledger()
    parts = {name: read_labelled(path, kind=kind, options=options, ledger=reading) for name, path in files.items()}
    layout = find_layout(files["train"], parts["train"], kind=kind, options=options)
    show_layout(console, files["train"], layout=layout)
    named = {"files": {name: str(path) for name, path in files.items()}, "layout": list(layout.lines())}
    return parts, named | show_documents(console, parts, reading=reading, files=files.values())


def show_documents(
    console: Console, parts: "Mapping[str, Sequence[Document]]", *, reading: Ledger, files: Iterable[Path]
) -> dict[str, Any]:
    """Counts, labels, lengths and findings, as tables and as plain values."""
    summaries = {name: summarise(part) for name, part in parts.items()}
    show_parts(console, summaries)
    show_labels(console, summaries)
    show_lengths(console, summaries["train"].lengths, what="words in a training document")
    findings = {"reading": reading} | lint(parts)
    show_findings(console, findings, files=files)
    return {
        "parts": {name: summary.to_dict() for name, summary in summaries.items()},
        "findings": {
            topic: [{"what": what, "count": n, "first": ledger.places[what]} for what, n in ledger.counts.items()]
            for topic, ledger in findings.items()
        },
    }


def show_layout(console: Console, path: Path, *, layout: Layout) -> None:
    """How the file was read."""
    console.print(f"[bold]{escape(str(path))}[/]", soft_wrap=True)
    for line in layout.lines():
        console.print(f"  {escape(line)}", soft_wrap=True)


def show_parts(console: Console, summaries: Mapping[str, Summary]) -> None:
    """A line for each part."""
    table = Table("part", title_justify="left")
    for column in ("documents", "without spans", "words", "spans", "relations", "fields", "longest"):
        table.add_column(column, justify="right")
    for name, part in summaries.items():
        edges, longest = sum(part.relations.values()), part.lengths.find_quantile(1.0)
        counts = (part.documents, part.unlabelled, part.words, part.spans + part.untyped, edges, part.fields, longest)
        table.add_row(name, *(f"{count:,}" for count in counts))
    console.print(table)


def show_labels(console: Console, summaries: Mapping[str, Summary]) -> None:
    """A line for each label, with a few of its spans, and one for each label of relations."""
    table = Table("label", *(f"{name} spans" for name in summaries), "longest", "such as")
    labels = list(dict.fromkeys(label for part in summaries.values() for label in part.labels))
    for label in labels[:MOST]:
        found = [part.labels.get(label) for part in summaries.values()]
        counts = [f"{facts.spans:,}" if facts else "-" for facts in found]
        known = [facts for facts in found if facts]
        texts = ", ".join(text if len(text) < 30 else f"{text[:27]}..." for text in known[0].texts)
        table.add_row(escape(label), *counts, str(max(facts.longest for facts in known)), escape(texts))
    if labels:
        console.print(table)
    if len(labels) > MOST:
        console.print(f"... and {len(labels) - MOST:,} more labels; --json has them all")
    for label in dict.fromkeys(label for part in summaries.values() for label in part.relations):
        counts = [f"{name} {part.relations.get(label, 0):,}" for name, part in summaries.items()]
        console.print(f"relation {escape(label)}: {', '.join(counts)}")


def show_lengths(console: Console, lengths: Lengths, *, what: str) -> None:
    """A histogram of lengths in doubling bins."""
    facts = lengths.to_dict()
    console.print(
        f"{what}: median {facts['median']}, 95 % up to {facts['p95']}, 99 % up to {facts['p99']}, "
        f"longest {facts['longest']}"
    )
    bins = lengths.count_bins()
    most = max((count for _, count in bins), default=1)
    for name, count in bins:
        console.print(f"  {name:>9} {'█' * max(round(BAR * count / most), count > 0)} {count:,}")


def show_findings(console: Console, findings: Mapping[str, Ledger], *, files: Iterable[Path]) -> None:
    """Everything that looks wrong, by topic, and how those documents of the files are named that have no id."""
    if not any(findings.values()):
        console.print("[green]Nothing looks wrong.[/]")
    named = [place for ledger in findings.values() for places in ledger.places.values() for place in places]
    for file in files:
        stem = find_stem(file)
        if any(re.search(rf"(?<!\w){re.escape(stem)}:\d", place) for place in named):
            seventh = escape(f"{stem}:7 is the seventh of {file.name} (of plain text its line 7).")
            console.print(f"[dim]Documents without an id are numbered: {seventh}[/]", soft_wrap=True)
            break
    for topic, ledger in findings.items():
        if ledger:
            console.print(f"[bold yellow]To look at: {topic}[/]")
        for what, count in ledger.counts.items():
            console.print(f"  {count:,} x {escape(what)}", soft_wrap=True)
            for place in ledger.places[what]:
                console.print(f"      {escape(place)}", soft_wrap=True)
