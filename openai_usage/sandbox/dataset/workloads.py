"""The workloads of the sandbox's organization, from which its usage is generated.

All data here is invented. Models are named as in the API.
"""

from collections.abc import Mapping

from attrs import field, frozen

from openai_usage.sandbox.dataset.arrivals import ALWAYS, FOUNDED, OFFICE, Weights

Label = str | bool | None

PEOPLE: Mapping[str, str] = {
    "ines": "Inês Duarte",
    "tomas": "Tomás Herrera",
    "mei": "Mei Lindqvist",
    "amara": "Amara Okafor",
    "jonas": "Jonas Weber",
}
"""The full names of people, by the short names that `KEYS` uses."""


def email_of(person: str | None) -> str | None:
    """Return the e-mail address of a *person* in `PEOPLE`, or None for no person."""
    return f"{person}@sandbox.example" if person else None


ARCHIVED: Mapping[str, int] = {"Pilot": 1_767_225_600}
"""The archived projects, with the Unix time of archiving: the end of 2025."""

STARTED: Mapping[str, int] = {
    "Contract Review": 1_788_739_200,  # 2026-09-07
    "Translations": 1_794_182_400,  # 2026-11-09
}
"""The Unix time of the start of projects that are newer than the organization."""


@frozen
class Key:
    """An API key with its owner and status."""

    project: str
    """The name of the project."""
    user: str | None = None
    """The owner's name in `PEOPLE`, or None if a service account owns the key."""
    deleted_at: int | None = None
    """The Unix time of deletion. A deleted key has earlier usage, but is in no list."""
    owner_left: bool = False
    """True if the owner has left the project. `owner_project_access` decides if it is listed."""

    @property
    def started_at(self) -> int:
        """Return the Unix time at which the usage of the key starts."""
        return STARTED.get(self.project, FOUNDED)

    @property
    def ended_at(self) -> int | None:
        """Return the Unix time at which the usage of the key ends, or None if it goes on."""
        return self.deleted_at or ARCHIVED.get(self.project)


KEYS: Mapping[str, Key] = {
    "chat": Key("Support Assistant"),
    "triage": Key("Support Assistant", "ines"),
    "agents": Key("Support Assistant", "tomas", owner_left=True),
    "search": Key("Document Search", "mei"),
    "nightly": Key("Document Search"),
    "import": Key("Document Search", deleted_at=1_788_220_800),  # 2026-09-01
    "voice": Key("Voice Notes", "amara"),
    "notebook": Key("Research", "jonas"),
    "pilot": Key("Pilot", "jonas"),
    "review": Key("Contract Review", "mei"),
    "translate": Key("Translations"),
}
"""All API keys by name."""


@frozen
class Workload:
    """A stream of similar requests with one API key."""

    endpoint: str
    """The name of the endpoint that counts the requests."""
    key: str
    """The name of the key in `KEYS`."""
    per_day: float
    """The number of events on an average working day in the first days."""
    labels: Mapping[str, Label] = field(factory=dict)
    """The labels of its results, apart from the project, the user and the key."""
    takes: Mapping[str, tuple[int, int]] = field(factory=dict)
    """The least and the most that one event uses, by measure."""
    weights: Weights = ALWAYS
    """The distribution of events over the days of the week and the hours of the day."""
    product: str | None = None
    """The product that its line items name, or None if they name none."""
    unusual: float = 1.0
    """The number of events on one day in four weeks, as a multiple of the usual number."""


def _text(prompt: int, reply: int, cached: int = 0) -> dict[str, tuple[int, int]]:
    takes = {
        "input_text_tokens": (prompt // 4, prompt),
        "output_text_tokens": (reply // 4, reply),
    }
    return {**takes, "input_cached_text_tokens": (0, cached)} if cached else takes


_VOICE = {
    "input_text_tokens": (20, 200),
    "input_audio_tokens": (100, 900),
    "input_cached_audio_tokens": (0, 150),
    "output_text_tokens": (10, 120),
    "output_audio_tokens": (80, 700),
}
_VISION = {
    **_text(900, 400, 300),
    "input_image_tokens": (250, 1100),
    "input_cached_image_tokens": (0, 250),
    "output_image_tokens": (0, 300),
}
_CACHING = {
    **_text(2600, 700, 5200),
    "input_cache_write_30m_tokens": (0, 900),
    "input_cache_write_12h_tokens": (0, 350),
}


def _tier(model: str, tier: str = "default") -> dict[str, Label]:
    return {"model": model, "batch": False, "service_tier": tier, "api_source": "unlabeled"}


def _batch(model: str) -> dict[str, Label]:
    return {**_tier(model), "batch": True}


def _agents(model: str) -> dict[str, Label]:
    return {**_tier(model), "api_source": "agents_api"}


def _image(model: str, source: str, size: str) -> dict[str, Label]:
    return {"model": model, "source": f"image.{source}", "size": size}


def _search(model: str, level: str, source: str = "unlabeled") -> dict[str, Label]:
    return {"model": model, "context_level": level, "api_source": source}


def _model(model: str) -> dict[str, Label]:
    return {"model": model}


def _takes(measure: str, least: int, most: int) -> dict[str, tuple[int, int]]:
    return {measure: (least, most)}


_ASSISTANTS = "assistants api"

# One workload on each line, so that the table is easy to read.
# fmt: off
# ruff: noqa: E501
WORKLOADS: tuple[Workload, ...] = (
    Workload("completions", "chat", 1700, _tier("gpt-4.1-2025-04-14"), _CACHING),
    Workload("completions", "chat", 500, _tier("gpt-5-2025-08-07", "priority"), _CACHING),
    Workload("completions", "triage", 5200, _tier("gpt-4.1-mini-2025-04-14"), _text(900, 120, 400), OFFICE),
    Workload("completions", "search", 1300, _tier("gpt-4o-mini-2024-07-18"), _text(3000, 300), OFFICE),
    Workload("completions", "voice", 130, _tier("gpt-4o-audio-preview-2025-06-03"), _VOICE, OFFICE),
    Workload("completions", "voice", 180, _tier("gpt-4o-2024-08-06"), _VISION, OFFICE),
    Workload("completions", "nightly", 700, _batch("gpt-4.1-2025-04-14"), _text(4000, 900)),
    Workload("completions", "nightly", 80, _tier("gpt-5-2025-08-07", "flex"), _text(6000, 2500)),
    Workload("completions", "agents", 420, _agents("o4-mini-2025-04-16"), _CACHING),
    Workload("completions", "notebook", 240, _tier("o3-2025-04-16"), _text(2200, 1800, 400), OFFICE, unusual=10),
    Workload("decisions", "triage", 640, _tier("gpt-4.1-mini-2025-04-14"), _text(700, 40), OFFICE),
    Workload("decisions", "nightly", 210, _batch("gpt-5-mini-2025-08-07"), _CACHING),
    Workload("embeddings", "search", 3200, _model("text-embedding-3-small"), _takes("input_tokens", 40, 800)),
    Workload("embeddings", "search", 400, _model("text-embedding-3-large"), _takes("input_tokens", 60, 1500), OFFICE),
    Workload("embeddings", "nightly", 600, _model("text-embedding-3-large"), _takes("input_tokens", 80, 2000)),
    Workload("embeddings", "notebook", 45, _model("text-embedding-3-large"), _takes("input_tokens", 100, 3000), OFFICE),
    Workload("moderations", "voice", 90, _model("omni-moderation-2024-09-26"), _takes("input_tokens", 20, 200), OFFICE),
    Workload("moderations", "chat", 3300, _model("omni-moderation-2024-09-26"), _takes("input_tokens", 10, 500)),
    Workload("moderations", "triage", 500, _model("text-moderation-007"), _takes("input_tokens", 10, 300), OFFICE),
    Workload("images", "notebook", 20, _image("gpt-image-1", "generation", "1024x1024"), _takes("images", 1, 4), OFFICE),
    Workload("images", "notebook", 9, _image("gpt-image-1", "edit", "512x512"), _takes("images", 1, 2), OFFICE),
    Workload("images", "chat", 14, _image("dall-e-3", "generation", "1024x1792"), _takes("images", 1, 1)),
    Workload("images", "chat", 3, _image("dall-e-2", "variation", "256x256"), _takes("images", 1, 3)),
    Workload("audio_speeches", "voice", 120, _model("gpt-4o-mini-tts"), _takes("characters", 40, 900), OFFICE),
    Workload("audio_speeches", "chat", 60, _model("tts-1-hd"), _takes("characters", 30, 600)),
    Workload("audio_transcriptions", "voice", 90, _model("gpt-4o-transcribe"), _takes("seconds", 10, 900), OFFICE),
    Workload("audio_transcriptions", "nightly", 12, _model("whisper-1"), _takes("seconds", 60, 3600)),
    Workload("vector_stores", "search", 24, takes={"usage_bytes": (1_000_000, 9_000_000)}),
    Workload("vector_stores", "chat", 12, takes={"usage_bytes": (100_000, 4_000_000)}, weights=OFFICE),
    Workload("code_interpreter_sessions", "notebook", 30, weights=OFFICE, product=_ASSISTANTS),
    Workload("code_interpreter_sessions", "agents", 30, product=_ASSISTANTS),
    Workload("file_search_calls", "search", 800, {"vector_store_id": "handbook"}, weights=OFFICE, product=_ASSISTANTS),
    Workload("file_search_calls", "search", 250, {"vector_store_id": "contracts"}, product=_ASSISTANTS),
    Workload("file_search_calls", "chat", 400, {"vector_store_id": "products"}, product=_ASSISTANTS),
    Workload("web_search_calls", "agents", 70, _search("o4-mini-2025-04-16", "high", "agents_api"), _takes("num_requests", 1, 6)),
    Workload("web_search_calls", "chat", 90, _search("gpt-4.1-2025-04-14", "medium"), _takes("num_requests", 1, 2)),
    Workload("web_search_calls", "notebook", 15, _search("o3-2025-04-16", "low"), _takes("num_requests", 1, 3), OFFICE),
    Workload("embeddings", "import", 900, _model("text-embedding-3-small"), _takes("input_tokens", 200, 900)),
    Workload("completions", "pilot", 150, _tier("gpt-4o-2024-08-06"), _text(1200, 500), OFFICE),
    Workload("completions", "agents", 130, _tier("gpt-4o-mini-2024-07-18"), _text(1800, 260), product="evals"),
    Workload("completions", "review", 1100, _tier("gpt-5-mini-2025-08-07"), _text(9000, 1400, 6000), OFFICE),
    Workload("completions", "review", 2600, _tier("gpt-5-nano-2025-08-07"), _text(2400, 200), OFFICE),
    Workload("completions", "translate", 200, _tier("gpt-4.1-2025-04-14"), _text(1500, 1500)),
)
# fmt: on

COUNTED_AS: Mapping[str, str | None] = {
    "vector_stores": None,
    "code_interpreter_sessions": "num_sessions",
    "file_search_calls": "num_requests",
}
"""The measure that counts events, for endpoints where it is not `num_model_requests`."""
