"""Compute the shares of cached input and of batch requests, by model."""

from collections.abc import Sequence
from decimal import Decimal

from openai_usage.analysis.shares import shares
from openai_usage.report.data import ModelShares
from openai_usage.schema.pages import Bucket
from openai_usage.schema.results import CompletionsResult


def shares_of_models(buckets: Sequence[Bucket[CompletionsResult]]) -> list[ModelShares]:
    """Return the share of cached input and of batch requests, for all models and for each."""
    found = []
    for by in ((), ("model",)):
        batch = {
            each.labels.get("model"): each
            for each in shares(buckets, [*by, "batch"])
            if each.labels["batch"]
        }
        is_grouped = any(
            result.batch is not None for bucket in buckets for result in bucket.results
        )
        for each in shares(buckets, by):
            model = each.labels.get("model")
            in_batches = batch[model].of_tokens if model in batch else Decimal(0)
            found.append(
                ModelShares(
                    model=None if model is None else str(model),
                    is_total=not by,
                    requests=each.requests,
                    input_tokens=each.input_tokens,
                    cached=each.cached,
                    batch=in_batches if is_grouped else None,
                    tokens_per_request=each.tokens_per_request,
                )
            )
    return found
