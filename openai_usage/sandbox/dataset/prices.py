"""The prices of the sandbox's organization, and the names of its line items.

The prices are plausible, but not real. They differ by model and by kind as they do in OpenAI's
price lists: output is dearer than input, and cached input is cheaper.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from attrs import field, frozen

from openai_usage.sandbox.dataset.arrivals import MonthlyEvent


@frozen
class Price:
    """The price of one kind of usage of one model."""

    model: str | None
    """The model, or None for a tool that has no model."""
    measure: str
    """The measure of the usage."""
    kind: str
    """The end of the line item's name."""
    per_million: str
    """The price of a million units in dollars, at the default service tier."""


# One price on each line, so that the table is easy to read. Usage without a price is free.
# fmt: off
# ruff: noqa: E501
PRICES: tuple[Price, ...] = (
    Price("gpt-4.1-2025-04-14", "input_text_tokens", "input", "2.00"),
    Price("gpt-4.1-2025-04-14", "input_cached_text_tokens", "cached input", "0.50"),
    Price("gpt-4.1-2025-04-14", "input_cache_write_30m_tokens", "cache write", "2.50"),
    Price("gpt-4.1-2025-04-14", "input_cache_write_12h_tokens", "cache write 12h", "4.00"),
    Price("gpt-4.1-2025-04-14", "output_text_tokens", "output", "8.00"),
    Price("gpt-4.1-2025-04-14", "num_requests", "web search", "25000"),
    Price("gpt-4.1-mini-2025-04-14", "input_text_tokens", "input", "0.40"),
    Price("gpt-4.1-mini-2025-04-14", "input_cached_text_tokens", "cached input", "0.10"),
    Price("gpt-4.1-mini-2025-04-14", "output_text_tokens", "output", "1.60"),
    Price("gpt-5-2025-08-07", "input_text_tokens", "input", "1.25"),
    Price("gpt-5-2025-08-07", "input_cached_text_tokens", "cached input", "0.125"),
    Price("gpt-5-2025-08-07", "input_cache_write_30m_tokens", "cache write", "1.5625"),
    Price("gpt-5-2025-08-07", "input_cache_write_12h_tokens", "cache write 12h", "2.50"),
    Price("gpt-5-2025-08-07", "output_text_tokens", "output", "10.00"),
    Price("gpt-5-mini-2025-08-07", "input_text_tokens", "input", "0.25"),
    Price("gpt-5-mini-2025-08-07", "input_cached_text_tokens", "cached input", "0.025"),
    Price("gpt-5-mini-2025-08-07", "input_cache_write_30m_tokens", "cache write", "0.3125"),
    Price("gpt-5-mini-2025-08-07", "input_cache_write_12h_tokens", "cache write 12h", "0.50"),
    Price("gpt-5-mini-2025-08-07", "output_text_tokens", "output", "2.00"),
    Price("gpt-5-nano-2025-08-07", "input_text_tokens", "input_tokens", "0.05"),
    Price("gpt-5-nano-2025-08-07", "output_text_tokens", "output_tokens", "0.40"),
    Price("gpt-4o-mini-2024-07-18", "input_text_tokens", "input", "0.15"),
    Price("gpt-4o-mini-2024-07-18", "output_text_tokens", "output", "0.60"),
    Price("gpt-4o-2024-08-06", "input_text_tokens", "input", "2.50"),
    Price("gpt-4o-2024-08-06", "input_image_tokens", "image input", "2.50"),
    Price("gpt-4o-2024-08-06", "input_cached_text_tokens", "cached input", "1.25"),
    Price("gpt-4o-2024-08-06", "input_cached_image_tokens", "cached image input", "1.25"),
    Price("gpt-4o-2024-08-06", "output_text_tokens", "output", "10.00"),
    Price("gpt-4o-2024-08-06", "output_image_tokens", "image output", "40.00"),
    Price("gpt-4o-audio-preview-2025-06-03", "input_text_tokens", "input", "2.50"),
    Price("gpt-4o-audio-preview-2025-06-03", "input_audio_tokens", "audio input", "40.00"),
    Price("gpt-4o-audio-preview-2025-06-03", "input_cached_audio_tokens", "cached audio input", "20.00"),
    Price("gpt-4o-audio-preview-2025-06-03", "output_text_tokens", "output", "10.00"),
    Price("gpt-4o-audio-preview-2025-06-03", "output_audio_tokens", "audio output", "80.00"),
    Price("o3-2025-04-16", "input_text_tokens", "input", "2.00"),
    Price("o3-2025-04-16", "input_cached_text_tokens", "cached input", "0.50"),
    Price("o3-2025-04-16", "output_text_tokens", "output", "8.00"),
    Price("o3-2025-04-16", "num_requests", "web search", "10000"),
    Price("o4-mini-2025-04-16", "input_text_tokens", "input", "1.10"),
    Price("o4-mini-2025-04-16", "input_cached_text_tokens", "cached input", "0.275"),
    Price("o4-mini-2025-04-16", "input_cache_write_30m_tokens", "cache write", "1.375"),
    Price("o4-mini-2025-04-16", "input_cache_write_12h_tokens", "cache write 12h", "2.20"),
    Price("o4-mini-2025-04-16", "output_text_tokens", "output", "4.40"),
    Price("o4-mini-2025-04-16", "num_requests", "web search", "10000"),
    Price("text-embedding-3-small", "input_tokens", "input", "0.02"),
    Price("text-embedding-3-large", "input_tokens", "input", "0.13"),
    Price("gpt-image-1", "images", "images", "42000"),
    Price("dall-e-3", "images", "images", "80000"),
    Price("dall-e-2", "images", "images", "16000"),
    Price("gpt-4o-mini-tts", "characters", "characters", "12"),
    Price("tts-1-hd", "characters", "characters", "30"),
    Price("gpt-4o-transcribe", "seconds", "duration", "100"),
    Price("whisper-1", "seconds", "duration", "100"),
    Price(None, "num_requests", "file search", "2500"),
    Price(None, "num_sessions", "code interpreter", "30000"),
)
# fmt: on

UNITS: Mapping[str, str] = {
    "images": "images",
    "characters": "characters",
    "seconds": "duration_seconds",
    "num_requests": "calls",
    "num_sessions": "sessions",
}
"""The value of `quantity_unit`, for measures that are not in tokens."""

TIERS: Mapping[str, str] = {"batch": "0.5", "flex": "0.5", "priority": "2"}
"""The ways of processing that are not billed at the default price, with their share of it. Their
names are part of the line item."""

REDUCED: Mapping[str, str] = {"o4-mini-2025-04-16": "0.8"}
"""The models that are cheaper in the second and the fourth quarter of each year, with their share
of the price then."""


@frozen
class Rate:
    """The price of one unit in dollars. It changes at midnight only, when a quarter begins."""

    price: Decimal
    """The price in the first and the third quarter."""
    reduced: Decimal | None = None
    """The price in the second and the fourth quarter, or None if it is the same."""

    def on(self, day: int) -> Decimal:
        """Return the price on the *day* that begins at this Unix time."""
        if self.reduced is None:
            return self.price
        month = datetime.fromtimestamp(day, UTC).month
        return self.price if (month - 1) // 3 % 2 == 0 else self.reduced


def rate_of(price: Price, tier: str | None) -> Rate:
    """Return the rate of a *price* for usage that is processed as *tier* in `TIERS`, or None."""
    full = Decimal(price.per_million) / 1_000_000 * Decimal(TIERS.get(tier or "", "1"))
    share = REDUCED.get(price.model or "")
    return Rate(full, None if share is None else full * Decimal(share))


def line_item(price: Price, tier: str | None, product: str | None) -> str:
    """Return the name of a line item, in one of the forms that the API was seen to send."""
    kind = f"{tier} {price.kind}" if tier in TIERS else price.kind
    item = kind if price.model is None else f"{price.model}, {kind}"
    return item if product is None else f"{product} | {item}"


@frozen
class MonthlyCharge:
    """A charge or a credit that comes once a month and belongs to no usage."""

    line_item: str
    """The whole name of its line item."""
    project: str
    """The name of the project."""
    cents: tuple[int, int]
    """The least and the greatest amount. Amounts of credits are negative."""
    event: MonthlyEvent = field(kw_only=True)
    """The day of the month on which it comes."""


MONTHLY_CHARGES: tuple[MonthlyCharge, ...] = (
    MonthlyCharge("Service credit", "Support Assistant", (-3900, -1500), event=MonthlyEvent(day=5)),
    # Nothing in this text is a model or a kind, as in some line items of the API.
    MonthlyCharge(
        "adjustment ref. 0417, see invoice", "Voice Notes", (120, 980), event=MonthlyEvent(day=18)
    ),
)
"""All charges that no usage causes."""
