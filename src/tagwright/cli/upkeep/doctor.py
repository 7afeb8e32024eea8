"""tagwright doctor: runs a model in every way it will be called and says what was found."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagwright.backbone.builtin import LABELER_FILE

if TYPE_CHECKING:
    from rich.console import Console

    from tagwright.backbone.backbone import Backbone
    from tagwright.backbone.checkup import Finding
    from tagwright.backbone.language.language import LanguageModel
    from tagwright.backbone.sight.sight import Sight

MARKS = {True: "[green]ok[/]   ", False: "[red]fault[/]", None: "[yellow]note[/] "}


def doctor(
    model: Annotated[str, typer.Argument(help="A labeler or a backbone: folder, hub id or builtin:NAME.")],
    *,
    attn_implementation: Annotated[str | None, typer.Option(help="Of a backbone: sdpa, eager ...")] = None,
    sight: Annotated[str | None, typer.Option(help="Of a backbone: try this sight on it, such as 0011.")] = None,
) -> None:
    """Check a model by running it: which layers look right, padding, packing, company, stored predictions.

    Exit status 2 where it fails, with the reason.

    \b
    tagwright doctor runs/first
    tagwright doctor org/name --sight all
    """
    from tagwright.cli.terminal.show import make_console, show_loading
    from tagwright.errors import ModelError

    console = make_console()
    with show_loading(model):
        backbone, findings = _load(model, {"attn_implementation": attn_implementation, "sight": sight})
    _show_facts(console, model, backbone)
    seen, found = _check(backbone)
    if seen is not None:
        whose = _tell_whose(backbone)
        console.print(f"  sight, {whose} and proven:" if all(f.holds is not False for f in found) else "  sight:")
        for line in seen.draw():
            console.print(f"    {line}", highlight=False, soft_wrap=True)
    findings = [*found, *findings]
    for finding in findings:
        _show(console, finding)
    if faults := [finding for finding in findings if finding.holds is False]:
        raise ModelError(f"{model} has faults: " + "; ".join(f"{fault.what}: {fault.detail}" for fault in faults))


def _check(backbone: "Backbone | LanguageModel") -> "tuple[Sight | None, list[Finding]]":
    from tagwright.backbone.backbone import Backbone
    from tagwright.backbone.checkup import check, check_language

    return check(backbone) if isinstance(backbone, Backbone) else check_language(backbone)


def _tell_whose(backbone: "Backbone | LanguageModel") -> str:
    """Whose choice a sight is, and of what."""
    whose = "by nature" if backbone.config.sight is None else "as chosen"
    if getattr(backbone, "is_pair", False):
        return f"{whose}, of its encoder"
    return whose if backbone.hooks is None or backbone.hooks.scope == "document" else f"{whose}, of its prompt alone,"


def _load(model: str, settings: dict[str, Any]) -> "tuple[Backbone | LanguageModel, list[Finding]]":
    """The backbone, and of a labeler what its stored documents say."""
    from tagwright.backbone.backbone import load
    from tagwright.backbone.builtin import LABELERS, find_labeler
    from tagwright.errors import RecipeError
    from tagwright.inference.predictor import Predictor, find_device

    folder = find_labeler(model) if model in LABELERS else Path(model)
    if not (folder / LABELER_FILE).is_file():
        return load(model, **settings).to(find_device()), []
    if any(value is not None for value in settings.values()):
        raise RecipeError(f"{model} is a labeler: its sight and attention are stored with it. Leave the options out.")
    labeler = Predictor.from_pretrained(folder)
    backbone: Backbone | LanguageModel = labeler.model.backbone
    return backbone, [_try_fixture(labeler, folder)]


def _try_fixture(labeler: Any, folder: Path) -> "Finding":
    from tagwright.backbone.checkup import Finding
    from tagwright.errors import ModelError
    from tagwright.inference.saved import check_fixture

    try:
        count = check_fixture(labeler, folder)
    except ModelError as error:
        return Finding("stored predictions", False, str(error))
    return Finding("stored predictions", True, f"{count} documents are labelled as when it was saved")


def _show_facts(console: "Console", name: str, backbone: "Backbone | LanguageModel") -> None:
    from rich.markup import escape

    from tagwright.backbone.backbone import Backbone
    from tagwright.models.versions import find_versions

    inner: Any = backbone.model
    weights = list(backbone.parameters())
    attention = getattr(inner.config, "_attn_implementation", None)
    console.print(f"[bold]{escape(name)}[/]: {type(inner).__name__}, {sum(w.numel() for w in weights):,} weights")
    console.print(f"  versions: {', '.join(f'{package} {number}' for package, number in find_versions().items())}")
    console.print(f"  device: {weights[0].device}, {str(weights[0].dtype).removeprefix('torch.')}")
    reads = f"; words read at {backbone.config.read_at}; repeat {backbone.config.repeat}"
    console.print(f"  attention: {attention}" + reads * isinstance(backbone, Backbone))


def _show(console: "Console", finding: "Finding") -> None:
    from rich.markup import escape

    console.print(f"  {MARKS[finding.holds]} {escape(f'{finding.what}: {finding.detail}')}", soft_wrap=True)
