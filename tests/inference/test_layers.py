"""Layers read, by label: means over the words of a label, whatever the batches and windows."""

from dataclasses import replace

import pytest
import torch

from tagwright.backbone.fusion import FusionConfig
from tagwright.backbone.fusion.fusion import build_fusion
from tagwright.inference.layers import weigh_layers
from tagwright.inference.runner import Runner, RunnerConfig
from tagwright.text.document import Document
from tiny_labelers import make_documents, make_tagger
from tiny_models import make_batch


def make_runner(name: str, **settings: int) -> Runner:
    tagger = make_tagger(**settings)
    torch.manual_seed(1)
    tagger.fusion = build_fusion(FusionConfig(name=name), width=16, depth=2)
    for weight in tagger.fusion.parameters():
        torch.nn.init.normal_(weight)
    return Runner(tagger)


def test_each_label_has_the_mean_of_its_words() -> None:
    runner, documents = make_runner("dwatt"), make_documents(12)
    found = weigh_layers(runner, documents)
    rows: dict[str, list[torch.Tensor]] = {}
    for document in documents:
        labels = ["O"] * len(document)
        for span in document.spans:
            labels[span.start : span.end] = [span.label] * len(span)
        states = runner.tagger.backbone(make_batch(runner.tagger.backbone, [document.words]))
        for label, weights in zip(labels, runner.tagger.fusion.weigh(states)[0], strict=True):
            rows.setdefault(label, []).append(weights.detach())
    assert found["layers"] == [0, 1, 2] and found["words"] == {label: len(row) for label, row in rows.items()}
    for label, row in rows.items():
        assert found["labels"][label] == pytest.approx(torch.stack(row).mean(0).tolist(), abs=1e-3)
    assert list(found["words"].values()) == sorted(found["words"].values(), reverse=True)
    small = replace(runner, config=RunnerConfig(tokens_per_batch=16))
    assert weigh_layers(small, documents)["labels"]["O"] == pytest.approx(found["labels"]["O"], abs=1e-3)


def test_a_mix_weighs_all_words_alike_and_the_last_layer_alone_is_not_weighed() -> None:
    documents = [*make_documents(4), Document.from_words(["lxx"] * 40)]  # the last needs windows
    found = weigh_layers(make_runner("mix"), documents)
    assert len({tuple(row) for row in found["labels"].values()}) == 1
    assert sum(found["words"].values()) == sum(len(document) for document in documents)
    assert weigh_layers(make_runner("last"), documents) == {} == weigh_layers(make_runner("mix"), [])
