"""What outside programs call since 0.1.0 still works under its name."""

import re
from importlib import import_module

import pytest

import openai_usage
from tests.support.terminal import Terminal

NAMES = {
    "openai_usage": """
        APIConnectionError APIError APIResponseValidationError APIStatusError APITimeoutError Amount
        AsyncUsageClient AudioSpeechesQuery AudioSpeechesResult AudioTranscriptionsQuery
        AudioTranscriptionsResult AuthenticationError BadRequestError BlockingBuckets Bucket
        BucketWidth Buckets CodeInterpreterSessionsQuery CodeInterpreterSessionsResult ColumnError
        CompletionsQuery CompletionsResult ConflictError CostsQuery CostsResult DecisionsQuery
        DecisionsResult EmbeddingsQuery EmbeddingsResult Endpoint Endpoints ExtraQuery
        FileSearchCallsQuery FileSearchCallsResult Gap ImagesQuery ImagesResult InternalServerError
        InvalidOptionError InvalidQueryError MissingAdminKeyError ModerationsQuery ModerationsResult
        MoneyType Name Names NotFoundError Page PageSize PaginationError PermissionDeniedError Plan
        RangeQuery RateLimitError Timestamp UnprocessableEntityError UnreadList UsageClient
        UsageError VectorStoresQuery VectorStoresResult WebSearchCallsQuery WebSearchCallsResult
        Window __version__ days_ago month_start""",
    "openai_usage.report": "Figures Missing Report check report",
    "openai_usage.sandbox": "Faults RecordedRequest Sandbox",
    "openai_usage.pytest_plugin": "usage_sandbox",
}

METHODS = {
    "AsyncUsageClient": "base_url close names table",
    "UsageClient": "base_url close names table",
    "Buckets": "arrow_batches collect concurrently pages plan raw_pages to_arrow",
    "BlockingBuckets": """arrow_batches collect concurrently first_page pages plan raw_pages
        to_arrow""",
    "Bucket": "end end_time results start start_time",
    "Page": "data has_more next_page",
    "Names": "known of personal unread with_names_from",
    "UsageError": "message resume_from",
}

ENDPOINTS = """audio-speeches audio-transcriptions code-interpreter-sessions completions costs
    decisions embeddings file-search-calls images moderations vector-stores web-search-calls"""

RANGE = "--start --end --last --this-month --last-month"
OPTIONS = {
    **dict.fromkeys(
        ENDPOINTS.split(),
        f"{RANGE} --bucket-width --concurrency --exact --extra-query --format --group-by --limit "
        "--money --names --on-gap --output --page --personal --project-ids --sandbox",
    ),
    "spend": "--budget --check --currency --format --names --on-gap --sandbox",
    "report": f"{RANGE} --names --output --png --sandbox",
    "doctor": "--sandbox",
    "endpoints": "--format",
    "sandbox": "--amounts --now --port --requests-per-second --seed",
}


@pytest.mark.parametrize("module", NAMES)
def test_names(module: str) -> None:
    found = import_module(module)
    assert [name for name in NAMES[module].split() if not hasattr(found, name)] == []


@pytest.mark.parametrize("owner", METHODS)
def test_methods(owner: str) -> None:
    shown = dir(getattr(openai_usage, owner))
    assert [name for name in METHODS[owner].split() if name not in shown] == []


@pytest.mark.real_clock
@pytest.mark.parametrize("command", OPTIONS)
def test_commands_and_options(command: str, terminal: Terminal) -> None:
    shown = set(re.findall("--[a-z-]+", terminal(f"{command} --help")))
    assert [option for option in OPTIONS[command].split() if option not in shown] == []
