"""Any sentence-transformers model, loaded and exported to ONNX for ml.embedding.encoder; serves no request."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from sentence_transformers import SentenceTransformer

MAX_TOKENS = 128


@dataclass(frozen=True)
class Origin:
    """What an encoder needs to know of the sentence-transformers model it was exported from."""

    prefix: str
    max_tokens: int
    pad_id: int
    tokenizer_json: str


class _SentenceVectors(torch.nn.Module):
    """(n, t) ids and mask -> (n, d) unit vectors; every module of the model in turn, whatever its pooling."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        features = {"input_ids": input_ids, "attention_mask": attention_mask}
        vectors = self.model(features)["sentence_embedding"]
        return torch.nn.functional.normalize(vectors, dim=-1)


def load(source: str) -> SentenceTransformer:
    """A sentence-transformers model by folder or hub name, on the processor, ready to be exported."""
    # Plain attention: the exporter and ONNX Runtime know its shape.
    model = SentenceTransformer(source, device="cpu", model_kwargs={"attn_implementation": "eager"})
    return model.eval()


@contextmanager
def quiet() -> Iterator[None]:
    """Holds back what the libraries tell about every export: tracing, a pooler nobody uses, deprecations to come."""
    transformers.utils.logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
        transformers.utils.logging.enable_progress_bar()


def export(source: str, target: Path, step: Callable[[str], None]) -> Origin:
    """Writes the float32 ONNX model `target` for the sentence-transformers model `source`.

    Inputs `input_ids` and `attention_mask`, int64 (n, t); output `embedding`, float32 (n, d), unit length.
    """
    step(f"loading {source}")
    with quiet():
        model = load(source)
        step("exporting to ONNX")
        _write_onnx(model, target)
    longest = model.max_seq_length or MAX_TOKENS
    return Origin(
        prefix=model.prompts.get(model.default_prompt_name or "") or "",
        max_tokens=min(longest, MAX_TOKENS),
        pad_id=model.tokenizer.pad_token_id,
        tokenizer_json=model.tokenizer.backend_tokenizer.to_str(),
    )


def _write_onnx(model: SentenceTransformer, target: Path) -> None:
    tokenizer = model.tokenizer
    ids = torch.tensor([[5, 6, 7, 8], [5, 6, tokenizer.pad_token_id, tokenizer.pad_token_id]])
    torch.onnx.export(
        _SentenceVectors(model),
        (ids, (ids != tokenizer.pad_token_id).long()),
        str(target),
        input_names=["input_ids", "attention_mask"],
        output_names=["embedding"],
        dynamic_axes={
            "input_ids": {0: "texts", 1: "tokens"},
            "attention_mask": {0: "texts", 1: "tokens"},
            "embedding": {0: "texts"},
        },
        opset_version=17,
        # ONNX Runtime 1.32 refused the newer exporter's graph of this model (a name defined twice).
        dynamo=False,
    )
