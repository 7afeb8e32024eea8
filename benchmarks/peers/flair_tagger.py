"""Flair: a linear tag head on transformer embeddings, without CRF or RNN. The head is fresh."""

import flair
import torch
from flair.data import Dictionary, Sentence
from flair.embeddings import TransformerWordEmbeddings
from flair.models import SequenceTagger

from contract import Words, measure, read_task

BATCH = 32


def main() -> None:
    task = read_task()
    torch.manual_seed(0)
    torch.set_num_threads(task.threads)
    flair.device = torch.device("cpu")
    labels = Dictionary(add_unk=False)
    for label in task.labels:
        labels.add_item(label)
    embeddings = TransformerWordEmbeddings(
        task.folder, layers="-1", subtoken_pooling="first", fine_tune=True, use_context=False
    )
    shape = {"use_rnn": False, "use_crf": False, "reproject_embeddings": False}
    tagger = SequenceTagger(embeddings, labels, "ner", tag_format="BIO", **shape).eval()

    def label_all(documents: list[Words]) -> list[Sentence]:
        found = [Sentence(words) for words in documents]
        tagger.predict(found, mini_batch_size=BATCH)  # it sorts by length itself
        return found

    measure("Flair", label_all, task, version=flair.__version__, batch=BATCH)


if __name__ == "__main__":
    main()
