"""Any sentence-transformers model, loaded and exported to ONNX for ml.embedding.encoder; serves no request."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
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
    # Plain attention: ONNX Runtime knows its shape and fuses it into one operator.
    model = SentenceTransformer(source, device="cpu", model_kwargs={"attn_implementation": "eager"})
    return model.eval()


def export(source: str, target: Path, step: Callable[[str], None]) -> Origin:
    """Writes the float32 ONNX model `target` for the sentence-transformers model `source`.

    Inputs `input_ids` and `attention_mask`, int64 (n, t); output `embedding`, float32 (n, d), unit length.
    """
    step(f"loading {source}")
    model = load(source)
    step("exporting to ONNX")
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
        # The newer exporter's graph has no attention pattern ONNX Runtime 1.32 can fuse, and was refused by it.
        dynamo=False,
    )
    longest = model.max_seq_length or MAX_TOKENS
    return Origin(
        prefix=model.prompts.get(model.default_prompt_name or "", ""),
        max_tokens=min(longest, MAX_TOKENS),
        pad_id=tokenizer.pad_token_id,
        tokenizer_json=tokenizer.backend_tokenizer.to_str(),
    )
