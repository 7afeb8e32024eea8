"""Finished cells kept in a file and taken out again, in another place."""

import json
import lzma
from pathlib import Path

import pytest
from kept import CHECKOUT, HERE, keep, take


def test_cells_come_back_elsewhere_and_replace_none_that_is_there(tmp_path: Path) -> None:
    old, new = tmp_path / "a" / "old", tmp_path / "b" / "new"
    (old / "cells").mkdir(parents=True)
    for name in ("a", "b"):
        settings = {"data": f"{old.parent}/data", "model": f"{old}/model"}
        record = {"cell": name, "settings": settings, "seconds": 1.5, "result": {"f1": 50.0, "é": [1]}}
        (old / "cells" / f"{name}.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    assert keep(old / "cells", tmp_path / "kept.jsonl.xz", home=old) == 2
    text = lzma.decompress((tmp_path / "kept.jsonl.xz").read_bytes()).decode()
    assert str(tmp_path) not in text and text.count(HERE) == text.count(CHECKOUT) == 2 and len(text.splitlines()) == 2
    (new / "cells").mkdir(parents=True)
    (new / "cells" / "b.json").write_text("{}", encoding="utf-8")
    assert take(new / "cells", tmp_path / "kept.jsonl.xz", home=new) == 1
    found = json.loads((new / "cells" / "a.json").read_text(encoding="utf-8"))
    assert found == record | {"cell": "a", "settings": {"data": f"{new.parent}/data", "model": f"{new}/model"}}
    assert (new / "cells" / "b.json").read_text(encoding="utf-8") == "{}"


def test_a_study_without_cells_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Run the study first"):
        keep(tmp_path, tmp_path / "kept.jsonl.xz")
