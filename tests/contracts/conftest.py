"""Two encoders to put the same questions to: the packaged one and a small model of another family."""

from pathlib import Path

import pytest
from django.core.management import call_command

from ml.embedding.calibration import calibration
from ml.embedding.encoder import Encoder, get_encoder


@pytest.fixture(scope="session")
def packaged_encoder() -> Encoder:
    call_command("prepare_models")
    return get_encoder()


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder unlike the packaged one: WordPiece, first-token pooling, no prompt, 48 numbers."""
    import torch
    from sentence_transformers import SentenceTransformer, models
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("other-model")
    pieces = BertWordPieceTokenizer()
    pieces.train_from_iterator(calibration().texts, vocab_size=3000, min_frequency=1)
    pieces.save(str(folder / "tokenizer.json"))
    torch.manual_seed(7)
    BertTokenizerFast(tokenizer_file=str(folder / "tokenizer.json")).save_pretrained(folder)
    shape = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
    BertModel(BertConfig(vocab_size=pieces.get_vocab_size(), **shape)).save_pretrained(folder)
    transformer = models.Transformer(str(folder), max_seq_length=64)
    whole = tmp_path_factory.mktemp("other") / "first-token"
    SentenceTransformer(modules=[transformer, models.Pooling(48, "cls")], device="cpu").save(str(whole))
    return whole


@pytest.fixture(scope="session")
def other_encoder(other_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    from ml.nets.prepare import prepare_encoder

    return Encoder(prepare_encoder(str(other_model), tmp_path_factory.mktemp("models"), lambda step: None))
