"""GLiNER with one encoder for words and labels, which it reads together with every text. Its own layers are fresh."""

from typing import Any

import gliner
import torch
from gliner import GLiNER

from contract import Words, measure, read_task, run_sorted

BATCH = 32


def main() -> None:
    task = read_task()
    torch.manual_seed(0)
    torch.set_num_threads(task.threads)
    shape = {"span_mode": "markerV0", "hidden_size": 384, "max_width": 8, "max_len": 384}
    config = {"model_name": task.folder, "words_splitter_type": "whitespace", **shape}
    model = GLiNER.from_config(config, backbone_from_pretrained=True, local_files_only=True).eval()

    def label(documents: list[Words]) -> list[Any]:
        texts = [" ".join(words) for words in documents]
        return model.inference(texts, task.labels, threshold=0.9, batch_size=BATCH)  # type: ignore[no-any-return]

    measure(
        "GLiNER",
        lambda documents: run_sorted(documents, label),
        task,
        version=gliner.__version__,
        batch=BATCH,
    )


if __name__ == "__main__":
    main()
