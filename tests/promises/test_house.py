"""The house rules of CONTRIBUTING.md, held over src/ without running it.

A rule yields faults. Each comes with snippets that break it and one that doesn't, so that none can fall silent.
"""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "tagwright"
FILE_LINES, FUNCTION_LINES, ARGUMENTS, POSITIONAL, FILES, OPENING = 400, 60, 7, 2, 10, 6

Function = ast.FunctionDef | ast.AsyncFunctionDef
Faults = Iterator[tuple[int, str]]


@dataclass(frozen=True)
class Source:
    """One Python file; `path` is relative to the package."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def functions(self) -> list[tuple[Function, ast.AST]]:
        """Every function with what it stands in: a module, a class or another function."""
        inner = ((child, node) for node in self.nodes for child in ast.iter_child_nodes(node))
        return [(child, node) for child, node in inner if isinstance(child, Function)]

    @property
    def is_cli(self) -> bool:
        return self.path.parts[0] == "cli"


SOURCES = [Source(path.relative_to(SRC), path.read_text("utf-8")) for path in sorted(SRC.rglob("*.py"))]


def spell(node: ast.AST) -> str:
    """`torch.cuda.is_available` for that expression or a call of it; the end of the chain where it begins otherwise."""
    if isinstance(node, ast.Attribute):
        return f"{spell(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return spell(node.func)
    return node.id if isinstance(node, ast.Name) else ""


def list_imports(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Each imported thing: its line, its full dotted name, and the name it is given here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            module = "tagwright" if node.level else node.module
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}", alias.asname or alias.name


# --- sizes -----------------------------------------------------------------------------------------------------------


def check_file_length(source: Source) -> Faults:
    if (lines := source.text.count("\n")) > FILE_LINES:
        yield lines, f"a file of {lines} lines; the cap is {FILE_LINES}"


def check_function_length(source: Source) -> Faults:
    for function, _ in source.functions:
        lines = (function.end_lineno or 0) - function.lineno + 1
        if lines > FUNCTION_LINES:
            yield function.lineno, f"{function.name}() has {lines} lines; the cap is {FUNCTION_LINES}"


def list_positional(function: Function, parent: ast.AST) -> list[ast.arg]:
    """The parameters that a caller may give by position; not self or cls."""
    static = any(spell(mark) == "staticmethod" for mark in function.decorator_list)
    bound = isinstance(parent, ast.ClassDef) and not static
    return (function.args.posonlyargs + function.args.args)[bound:]


def is_verb(function: Function, source: Source) -> bool:
    """A verb is the function its file in cli/ is named after: its parameters are options, passed by name by typer."""
    return source.is_cli and function.name == source.path.stem


def check_arguments(source: Source) -> Faults:
    for function, parent in source.functions:
        count = len(list_positional(function, parent)) + len(function.args.kwonlyargs)
        if count > ARGUMENTS and not is_verb(function, source):
            yield function.lineno, f"{function.name}() takes {count} arguments; the cap is {ARGUMENTS}"


def find_strangers(tree: ast.Module) -> set[str]:
    """Names imported from a third party, whose base classes may fix the signatures of our methods."""
    ours = sys.stdlib_module_names | {"tagwright"}
    return {local for _, name, local in list_imports(tree) if name.partition(".")[0] not in ours}


def is_dictated(function: Function, parent: ast.AST, strangers: set[str]) -> bool:
    """Somebody else calls this function by position and so decides its signature.

    Python does for special methods (but not for those that we call ourselves), a library for methods of
    its subclasses and for nested functions, which are callbacks. nn.Module and BaseModel fix no signature.
    """
    if not isinstance(parent, ast.ClassDef):
        return isinstance(parent, Function)
    if function.name in ("__init__", "__new__"):
        return False
    if function.name.startswith("__") and function.name != "__call__":
        return True
    bases = [spell(base.value if isinstance(base, ast.Subscript) else base).split(".") for base in parent.bases]
    return any(base[0] in strangers and base[-1] not in ("Module", "BaseModel") for base in bases)


def check_positional(source: Source) -> Faults:
    """For what other files call: a private function's calls stand beside it."""
    strangers = find_strangers(source.tree)
    for function, parent in source.functions:
        count = len(list_positional(function, parent))
        private = function.name.startswith("_") and not function.name.startswith("__")
        free = private or is_verb(function, source) or is_dictated(function, parent, strangers)
        if count > POSITIONAL and not free:
            yield function.lineno, f"{function.name}(): parameters after the second must be keyword-only"


# --- names -----------------------------------------------------------------------------------------------------------


def find_bound(source: Source) -> Iterator[tuple[int, str, bool]]:
    """Every name this file gives: its line, the name, and whether it names a function."""
    yield 1, source.path.stem, False
    strangers = find_strangers(source.tree)
    dictated = {id(arg) for f, parent in source.functions if is_dictated(f, parent, strangers) for arg in f.args.args}
    for node in source.nodes:
        if id(node) in dictated:  # the library that decides the signature named it
            continue
        if isinstance(node, Function):
            yield node.lineno, node.name, True
        elif isinstance(node, ast.ClassDef):
            yield node.lineno, node.name, False
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg, False
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id, False


def check_glossary(source: Source) -> Faults:
    """A text is a document. A function may `sample`, that is a verb; a thing may not be one."""
    for line, name, is_function in find_bound(source):
        parts = [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
        nouns = parts[is_function:]
        if {"example", "examples", "sentence", "sentences"} & set(parts) or {"sample", "samples"} & set(nouns[-1:]):
            yield line, f"{name!r}: what is labelled is called a document"


def check_banned_names(source: Source) -> Faults:
    banned = re.compile("utils?|common|helpers?|misc|managers?")
    for part in source.path.with_suffix("").parts:
        if banned.fullmatch(part):
            yield 1, f"a file or folder called {part!r} says nothing of what it holds"
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and re.search(r"(Utils?|Helpers?|Managers?)$", node.name):
            yield node.lineno, f"a class called {node.name!r} says nothing of what it is"


def check_opening(source: Source) -> Faults:
    """Prose is counted; a drawing or an indented snippet is not."""
    opening = (ast.get_docstring(source.tree) or "").splitlines()
    prose = [line for line in opening if line.strip() and line[0] not in " ├│└"]
    if not 1 <= len(prose) <= OPENING:
        yield 1, f"the file opens with {len(prose)} lines of docstring; 1 to {OPENING} say what it does"


# --- conduct ---------------------------------------------------------------------------------------------------------


def check_print(source: Source) -> Faults:
    for node in source.nodes:
        if isinstance(node, ast.Call) and spell(node) == "print" and not source.is_cli:
            yield node.lineno, "print() outside cli/"


def check_assert(source: Source) -> Faults:
    for node in source.nodes:
        if isinstance(node, ast.Assert):
            yield node.lineno, "assert: raise an error of the tree instead"


def check_late_imports(source: Source) -> Faults:
    """cli/ loads rooms when a verb runs, the package when a name is asked for; nobody else has a reason."""
    if source.is_cli or source.path == Path("__init__.py"):
        return
    for function, _ in source.functions:
        for line, name, _ in list_imports(function):
            if name.partition(".")[0] == "tagwright":
                yield line, f"{function.name}() imports {name}: the import contract holds for the head of a file"


def walk_import_time(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported: all but the bodies of functions and of `if __name__ == ...`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Lambda) or (isinstance(child, ast.If) and "__name__" in ast.unparse(child.test)):
            continue
        if isinstance(child, Function):
            child = ast.Tuple([*child.decorator_list, *child.args.defaults, *filter(None, child.args.kw_defaults)])
        yield child
        yield from walk_import_time(child)


WORLD = re.compile(
    r"open|os\.(environ|getenv|getcwd).*|torch\.(cuda|backends|set_|manual_seed|load).*"
    r"|(subprocess|socket|warnings|random|logging\.basicConfig)\..*"
    r"|.*\.(read_text|read_bytes|write_text|mkdir|exists|is_file|is_dir|iterdir|glob|setLevel|from_pretrained)"
)


def check_import_time(source: Source) -> Faults:
    """Nothing is called for its effect, and nothing touches files, environment, devices or global settings."""
    for node in walk_import_time(source.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not source.is_cli:
            yield node.lineno, f"called for its effect at import: {spell(node.value)}()"
        is_read = isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load)  # a field may be `open`
        if is_read and WORLD.fullmatch(spell(node)):
            yield node.lineno, f"touched at import: {spell(node)}"


def check_pickle(source: Source) -> Faults:
    banned = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    for line, name, _ in list_imports(source.tree):
        if name.partition(".")[0] in banned or name == "torch.load":
            yield line, f"{name} can load a pickle"
    for node in source.nodes:
        if isinstance(node, ast.Call):
            words = {(word.arg, ast.unparse(word.value)) for word in node.keywords}
            if spell(node) == "torch.load" and ("weights_only", "True") not in words:
                yield node.lineno, "torch.load without weights_only=True"
            if ("allow_pickle", "True") in words:
                yield node.lineno, "allow_pickle=True"


# --- the rules, each with snippets that break it and one that keeps it ------------------------------------------------


@dataclass(frozen=True)
class Rule:
    check: Callable[[Source], Faults]
    broken: tuple[str, ...]
    kept: str
    broken_paths: tuple[str, ...] = ()


RULES = [
    Rule(check_file_length, ("x = 1\n" * 401,), "x = 1\n" * 400),
    Rule(check_function_length, ("def f():\n" + "    x = 1\n" * 60,), "def f():\n" + "    x = 1\n" * 59),
    Rule(
        check_arguments,
        ("def f(a, b, *, c, d, e, f, g, h): ...", "class C:\n  def f(self, *, a, b, c, d, e, f, g, h): ..."),
        "class C:\n  def f(self, a, b, *, c, d, e, f, g): ...",
    ),
    Rule(
        check_positional,
        (
            "def f(a, b, c): ...",
            "class C:\n  def __init__(self, a, b, c=1): ...",
            "class C:\n  def __call__(self, a, b, c=1): ...",
            "class C:\n  @staticmethod\n  def f(a, b, c): ...",
            "from torch import nn\nclass C(nn.Module):\n  def forward(self, a, b, c): ...",
            "from tagwright.heads.head import Head\nclass C(Head):\n  def f(self, a, b, c): ...",
            "from collections.abc import Mapping\nclass C(Mapping[str, T]):\n  def f(self, a, b, c): ...",
        ),
        "from transformers import TrainerCallback\n"
        "class C(TrainerCallback):\n  def on_save(self, args, state, control, **rest): ...\n"
        "class D:\n  def f(self, a, b, *, c): ...\n  def __exit__(self, kind, error, trace): ...\n"
        "def f(a, b, *rest, c):\n  def hook(module, args, kwargs): ...\n"
        "def _f(a, b, c): ...\n",
    ),
    Rule(
        check_glossary,
        ("def f(examples): ...", "def read_sentences(): ...", "class TrainExample: ...", "train_samples = 1"),
        "def sample(documents, sample_seed): ...\nresampled = row.samples\n"
        "from transformers import Trainer\nclass C(Trainer):\n  def train(self, batch_samples): ...",
        broken_paths=("text/sentence.py",),
    ),
    Rule(
        check_banned_names,
        ("class SpanManager: ...",),
        "class Manages: ...",
        broken_paths=("helpers/span.py", "text/utils.py"),
    ),
    Rule(
        check_opening,
        ("x = 1", '"""' + "One line.\n" * 7 + '"""', "# Only a comment.\nx = 1"),
        '"""What it does.\n\nTree\n├── leaf\n└── leaf\n' + "    snippet()\n" * 9 + '"""\n',
    ),
    Rule(check_print, ("def f():\n  print(1)",), "def f():\n  console.print(1)"),
    Rule(check_assert, ("def f(a):\n  assert a",), "def f(a):\n  check(a)"),
    Rule(
        check_late_imports,
        ("def f():\n  import tagwright.io", "def f():\n  from tagwright import io", "def f():\n  from . import io"),
        "from tagwright import io\ndef f():\n  import datasets",
    ),
    Rule(
        check_import_time,
        (
            "data = open('x')",
            "setup()",
            "HOME = os.environ['HOME']",
            "HOME = os.getenv('HOME')",
            "if torch.cuda.is_available():\n  x = 1",
            "class C:\n  text = Path('x').read_text()",
            "def f(x=os.environ): ...",
            "try:\n  torch.set_num_threads(1)\nexcept ImportError:\n  pass",
        ),
        "T = TypeVar('T')\nX = re.compile('x')\nlog = logging.getLogger(__name__)\n"
        "@dataclass(frozen=True)\nclass C:\n  x: dict = field(default_factory=dict)\n"
        "def f():\n  return open(os.environ['HOME'])\nif __name__ == '__main__':\n  main()",
    ),
    Rule(
        check_pickle,
        (
            "import pickle",
            "from joblib import load",
            "from torch import load",
            "torch.load('x')",
            "torch.load('x', weights_only=False)",
            "np.load('x', allow_pickle=True)",
        ),
        "torch.load('x', weights_only=True)\nfrom safetensors.torch import load_file",
    ),
]


def test_a_verb_is_judged_by_its_file() -> None:
    code = "def span(a, b, c, d, e, f, g, h): ..."
    for check in (check_arguments, check_positional):
        assert list(check(Source(Path("text/span.py"), code)))
        assert not list(check(Source(Path("cli/span.py"), code)))
        assert list(check(Source(Path("cli/train.py"), code)))


def test_the_house_is_there_to_be_judged() -> None:
    assert Path("text/document.py") in {source.path for source in SOURCES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.check.__name__)
def test_src_keeps_the_rule(rule: Rule) -> None:
    faults = [
        f"src/tagwright/{source.path}:{line}: {fault}" for source in SOURCES for line, fault in rule.check(source)
    ]
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.check.__name__)
def test_the_rule_finds_its_faults_and_no_others(rule: Rule) -> None:
    for snippet in rule.broken:
        assert list(rule.check(Source(Path("text/span.py"), snippet))), f"no fault found in:\n{snippet}"
    for path in rule.broken_paths:
        assert list(rule.check(Source(Path(path), ""))), f"no fault found at {path}"
    assert not list(rule.check(Source(Path("text/span.py"), rule.kept)))


# --- rules about more than one file ----------------------------------------------------------------------------------


def find_crowded(paths: Iterable[Path]) -> list[str]:
    """Folders with too many modules: each is two rooms."""
    folders = Counter(path.parent for path in paths if path.name != "__init__.py")
    return [f"{folder}/ holds {count} files; the cap is {FILES}" for folder, count in folders.items() if count > FILES]


def test_no_folder_is_crowded() -> None:
    room = [Path(f"room/file{n}.py") for n in range(FILES)] + [Path("room/__init__.py")]
    assert find_crowded(room) == []
    assert len(find_crowded([*room, Path("room/one_more.py")])) == 1
    assert find_crowded(source.path for source in SOURCES) == []


MACHINE_PATH = re.compile(r"(?<![\w./~$}-])/(home|Users|root|work|mnt|tmp)/[\w.-]|\b[A-Z]:\\Users\\")


def test_no_tracked_file_names_a_place_on_one_machine() -> None:
    for found in ("/home" + "/me/x", "'/Users" + "/me'", "C:\\Users" + "\\me"):
        assert MACHINE_PATH.search(found)
    assert not MACHINE_PATH.search("https://site.org/home/page, ./tmp/x, ~/home/x and and/or")
    listed = subprocess.run(["git", "grep", "-Ilze", ""], cwd=ROOT, capture_output=True, text=True)  # no weights
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so no file is tracked")
    faults = []
    tracked = [ROOT / name for name in listed.stdout.split("\0") if name]
    for path in filter(Path.is_file, tracked):
        lines = path.read_text("utf-8", errors="replace").splitlines()
        faults += [f"{path}:{n}: {line.strip()}" for n, line in enumerate(lines, 1) if MACHINE_PATH.search(line)]
    assert not faults, "\n" + "\n".join(faults)
