"""Optimum: transformers' pipeline over ONNX Runtime, fp32 and dynamic int8, on the same trained weights."""

from tempfile import TemporaryDirectory
from typing import Any

import onnxruntime
from optimum.onnxruntime import ORTModelForTokenClassification, ORTQuantizer
from optimum.onnxruntime.configuration import AutoQuantizationConfig
from transformers import AutoTokenizer, pipeline

from contract import Words, measure, read_task, run_sorted

BATCH = 32


def main() -> None:
    task = read_task()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = task.threads
    tokenizer = AutoTokenizer.from_pretrained(task.folder)

    def run(name: str, model: Any) -> None:
        labeler = pipeline("token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="first")

        def label(documents: list[Words]) -> list[Any]:
            return labeler([" ".join(words) for words in documents], batch_size=BATCH)  # type: ignore[no-any-return]

        facts = {"version": onnxruntime.__version__, "batch": BATCH}
        measure(name, lambda documents: run_sorted(documents, label), task, **facts)

    with TemporaryDirectory() as plain, TemporaryDirectory() as small:
        model = ORTModelForTokenClassification.from_pretrained(task.folder, export=True, session_options=options)
        model.save_pretrained(plain)
        run("Optimum pipeline fp32", model)
        how = AutoQuantizationConfig.avx512_vnni(is_static=False, per_channel=False)
        ORTQuantizer.from_pretrained(plain, file_name="model.onnx").quantize(quantization_config=how, save_dir=small)
        name = "model_quantized.onnx"
        model = ORTModelForTokenClassification.from_pretrained(small, file_name=name, session_options=options)
        run("Optimum pipeline int8", model)


if __name__ == "__main__":
    main()
