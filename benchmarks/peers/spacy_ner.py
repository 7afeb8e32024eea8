"""spaCy: its transition-based recogniser on spacy-transformers, or on spacy-curated-transformers where it has that.

The recogniser is fresh.
"""

import json
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import spacy
import torch
from spacy.tokens import Doc

from contract import Words, measure, read_task, run_sorted

BATCH = 64
PLAIN, CURATED = "spacy-transformers", "spacy-curated-transformers"
POOLING = {"@layers": "reduce_mean.v1"}
COPIED = ("vocab_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings")
PARSER = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 64,
    "maxout_pieces": 2,
    "use_upper": False,
}


def add_transformer(nlp: Any, folder: str) -> dict[str, Any]:
    """The encoder as spacy-transformers has it; gives what listens to it."""
    model = {
        "@architectures": f"{PLAIN}.TransformerModel.v3",
        "name": folder,
        "tokenizer_config": {"use_fast": True},
        "get_spans": {"@span_getters": f"{PLAIN}.strided_spans.v1", "window": 128, "stride": 96},
    }
    nlp.add_pipe("transformer", config={"max_batch_items": 4096, "model": model})
    return {"@architectures": f"{PLAIN}.TransformerListener.v1", "grad_factor": 1.0, "pooling": POOLING}


def add_curated(nlp: Any, folder: str) -> dict[str, Any]:
    """The encoder as spacy-curated-transformers has it; gives what listens to it."""
    shape = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    model = {
        "@architectures": f"{CURATED}.BertTransformer.v1",
        "hidden_width": shape["hidden_size"],
        "intermediate_width": shape["intermediate_size"],
        "piece_encoder": {"@architectures": f"{CURATED}.BertWordpieceEncoder.v1"},
        "with_spans": {"@architectures": f"{CURATED}.WithStridedSpans.v1", "batch_size": 384},
        **{name: shape[name] for name in COPIED},
    }
    nlp.add_pipe("curated_transformer", config={"frozen": True, "model": model})
    nlp.config["initialize"]["components"]["curated_transformer"] = {
        "encoder_loader": {"@model_loaders": f"{CURATED}.HFTransformerEncoderLoader.v1", "name": folder},
        "piecer_loader": {"@model_loaders": f"{CURATED}.HFPieceEncoderLoader.v1", "name": folder},
    }
    architecture = f"{CURATED}.LastTransformerLayerListener.v1"
    return {"@architectures": architecture, "width": shape["hidden_size"], "pooling": POOLING}


def main() -> None:
    task = read_task()
    torch.manual_seed(0)
    torch.set_num_threads(task.threads)
    nlp = spacy.blank("en")
    package, add = (CURATED, add_curated) if find_spec("spacy_curated_transformers") else (PLAIN, add_transformer)
    listener = add(nlp, task.folder)
    recogniser = nlp.add_pipe("ner", config={"model": {**PARSER, "tok2vec": listener}})
    for label in task.labels:
        recogniser.add_label(label)
    nlp.initialize()

    def label_all(documents: list[Words]) -> list[Any]:
        return list(nlp.pipe((Doc(nlp.vocab, words=words) for words in documents), batch_size=BATCH))

    measure(
        f"spaCy, {package}",
        lambda documents: run_sorted(documents, label_all),
        task,
        version=f"{spacy.__version__}, {version(package)}",
        batch=BATCH,
    )


if __name__ == "__main__":
    main()
