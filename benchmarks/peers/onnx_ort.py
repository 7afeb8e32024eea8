"""ONNX Runtime, fp32 and dynamic int8, on the same trained weights: sorted batches, the first token of each word."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModelForTokenClassification, AutoTokenizer

from contract import Predict, Task, Words, measure, read_task, run_sorted

BATCH = 32
INPUTS = ["input_ids", "attention_mask"]
Run = Callable[[Any], Any]


def export(folder: str, target: Path, tokenizer: Any) -> None:
    model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    batch = tokenizer(["a b c d", "e f g h"], return_tensors="pt")
    axes = {name: {0: "batch", 1: "length"} for name in [*INPUTS, "logits"]}
    torch.onnx.export(
        model,
        tuple(batch[name] for name in INPUTS),
        str(target),
        input_names=INPUTS,
        output_names=["logits"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )


def open_session(path: Path, threads: int) -> Run:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda batch: session.run(["logits"], {name: batch[name].astype(np.int64) for name in INPUTS})[0]


def make_predict(run: Run, tokenizer: Any) -> Predict:
    def tag(documents: list[Words]) -> list[list[int]]:
        batch = tokenizer(
            documents, is_split_into_words=True, padding=True, truncation=True, max_length=512, return_tensors="np"
        )
        return [read_firsts(batch.word_ids(row), best) for row, best in enumerate(run(batch).argmax(-1).tolist())]

    def tag_sorted(documents: list[Words]) -> list[list[int]]:
        return [tags for at in range(0, len(documents), BATCH) for tags in tag(documents[at : at + BATCH])]

    return lambda documents: run_sorted(documents, tag_sorted)


def read_firsts(words: list[int | None], tags: list[int]) -> list[int]:
    """The tag of every word's first token."""
    firsts = {}
    for word, tag in zip(words, tags, strict=True):
        if word is not None:
            firsts.setdefault(word, tag)
    return list(firsts.values())


def main(task: Task) -> None:
    torch.set_num_threads(task.threads)
    tokenizer = AutoTokenizer.from_pretrained(task.folder)
    facts = {"version": onnxruntime.__version__, "batch": BATCH}
    with TemporaryDirectory() as name:
        plain, small = Path(name) / "plain.onnx", Path(name) / "int8.onnx"
        export(task.folder, plain, tokenizer)
        quantize_dynamic(str(plain), str(small), weight_type=QuantType.QInt8)
        for title, path in (("ONNX Runtime fp32", plain), ("ONNX Runtime int8", small)):
            measure(title, make_predict(open_session(path, task.threads), tokenizer), task, **facts)


if __name__ == "__main__":
    main(read_task())
