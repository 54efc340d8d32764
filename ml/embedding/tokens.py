"""Text to token ids; knows no model.

Unigram vocabularies run in sentencepiece: the 250,000 pieces of multilingual-e5-small take 35 MB there and
280 MB in `tokenizers`, and a web process has to carry them. Everything else runs in `tokenizers`.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sentencepiece
from tokenizers import Tokenizer

Tokens = Callable[[Sequence[str]], list[list[int]]]
UNIGRAM_FILE = "sentencepiece.model"
TOKENIZER_FILE = "tokenizer.json"
# Piece kinds in sentencepiece's own format.
NORMAL, UNKNOWN, CONTROL = 1, 2, 3
# A space to the models' original nmt_nfkc, kept by today's; families of emoji are full of it.
ZERO_WIDTH_JOINER = "\u200d"


def load_tokens(folder: Path, prefix: str, max_tokens: int) -> Tokens:
    """The tokenizer in `folder`: texts to lists of at most `max_tokens` ids, special ones included."""
    if (folder / UNIGRAM_FILE).is_file():
        return _unigram(folder / UNIGRAM_FILE, prefix, max_tokens)
    return _general(folder / TOKENIZER_FILE, prefix, max_tokens)


def _plain(texts: Sequence[str], prefix: str, max_tokens: int) -> list[str]:
    """Whatever a person may send, as text a tokenizer can take: no half characters, no megabytes."""
    longest = max_tokens * 32  # characters; no piece of a real vocabulary is longer than 32
    return [prefix + text[:longest].encode("utf-8", "replace").decode("utf-8") for text in texts]


def _unigram(path: Path, prefix: str, max_tokens: int) -> Tokens:
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    bos, eos = processor.bos_id(), processor.eos_id()

    def tokens(texts: Sequence[str]) -> list[list[int]]:
        plain = _plain(texts, prefix, max_tokens)
        found = processor.encode([text.replace(ZERO_WIDTH_JOINER, " ") for text in plain])
        return [[bos, *ids[: max_tokens - 2], eos] for ids in found]

    return tokens


def _general(path: Path, prefix: str, max_tokens: int) -> Tokens:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)

    def tokens(texts: Sequence[str]) -> list[list[int]]:
        return [found.ids for found in tokenizer.encode_batch(_plain(texts, prefix, max_tokens))]

    return tokens


def nmt_nfkc() -> Any:
    """A sentencepiece model with nothing but the normaliser XLM-RoBERTa was trained with."""
    from sentencepiece import sentencepiece_model_pb2  # needs protobuf, which only preparing has

    model = sentencepiece_model_pb2.ModelProto()  # type: ignore[attr-defined]  # generated when imported
    rule = sentencepiece.SentencePieceNormalizer(rule_name="nmt_nfkc")
    model.ParseFromString(rule.serialized_model_proto())
    return model


def unigram_model(tokenizer_json: str) -> bytes | None:
    """A `tokenizers` Unigram tokenizer as a sentencepiece model, or None when it is of another kind.

    The ids stay as they are. The caller compares ids on real texts before relying on it.
    """
    told = json.loads(tokenizer_json)
    if told["model"]["type"] != "Unigram":
        return None
    model = nmt_nfkc()
    special = {token["content"]: token["id"] for token in told["added_tokens"] if token["special"]}
    unknown = told["model"]["unk_id"]
    for index, (piece, score) in enumerate(told["model"]["vocab"]):
        kind = UNKNOWN if index == unknown else CONTROL if index in special.values() else NORMAL
        model.pieces.add(piece=piece, score=score, type=kind)
    _describe(model, special, unknown)
    return model.SerializeToString()


def _describe(model: Any, special: dict[str, int], unknown: int) -> None:
    """Which ids open, close, fill and stand for the unknown; spaces as XLM-RoBERTa has them."""
    spec = model.trainer_spec
    spec.model_type, spec.vocab_size = 1, len(model.pieces)
    spec.unk_id, spec.unk_piece = unknown, model.pieces[unknown].piece
    for name, piece in (("bos", "<s>"), ("eos", "</s>"), ("pad", "<pad>")):
        setattr(spec, f"{name}_id", special.get(piece, -1))
        setattr(spec, f"{name}_piece", piece)
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.remove_extra_whitespaces = True
    model.normalizer_spec.escape_whitespaces = True
