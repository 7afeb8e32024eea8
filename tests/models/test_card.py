from tagwright.backbone.config import BackboneConfig
from tagwright.heads import HeadConfig
from tagwright.models.card import write_card
from tagwright.models.folder import Origin
from tagwright.models.tagger import TaggerPlan
from tagwright.text.labels import Labels

PLAN = TaggerPlan(Labels(("LOC", "PER")), BackboneConfig(model="org/base"), HeadConfig(name="crf", scheme="BIOES"))


def test_the_card_says_labels_data_scores_and_versions() -> None:
    data = {"train": {"file": "a.conll", "documents": 3, "blake2b": "77ff"}}
    card = write_card("mine", PLAN, origin=Origin({}, data, {"torch": "2.9"}, {"dev F1": 91.537, "note": "text"}))
    assert card.startswith(
        "---\nlibrary_name: tagwright\npipeline_tag: token-classification\nbase_model: org/base\n---\n"
    )
    for part in (
        "org/base with the head crf, scheme BIOES",
        "Labels (2): `LOC`, `PER`",
        "- train: file a.conll, documents 3, blake2b 77ff",
        "| dev F1 | 91.54 |",
        "torch 2.9.",
        'tagwright.load("mine")',
    ):
        assert part in card


def test_what_is_not_known_is_said() -> None:
    card = write_card("mine", PLAN, origin=Origin())
    assert "No scores were taken." in card and "Not recorded." in card
