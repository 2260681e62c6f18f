"""The errors: one tree, with evidence, fit to travel between processes."""

import copy
import pickle

import pytest

import openai_usage
from openai_usage import (
    APIResponseValidationError,
    APIStatusError,
    InvalidOptionError,
    InvalidQueryError,
    RateLimitError,
    UsageError,
    errors,
)


def _drawn(error: type[UsageError], indent: str = "") -> list[str]:
    lines = []
    below = sorted(error.__subclasses__(), key=lambda each: each.__name__)
    # Leaves of the top level first, then the branch of the API, as in the docstring.
    below.sort(key=lambda each: each is errors.APIError)
    for each in below:
        last = each is below[-1]
        note = " (ValueError)" if issubclass(each, ValueError) else ""
        lines.append(f"{indent}{'└' if last else '├'}── {each.__name__}{note}")
        lines += _drawn(each, indent + ("    " if last else "│   "))
    return lines


def test_docstring_draws_the_true_tree() -> None:
    tree = "\n".join(["UsageError", *_drawn(UsageError)])
    assert tree in (errors.__doc__ or "")


def test_every_error_is_public() -> None:
    def everything(error: type[UsageError]) -> set[str]:
        return {error.__name__}.union(*map(everything, error.__subclasses__()))

    assert everything(UsageError) == set(errors.__all__)
    assert set(errors.__all__) <= set(openai_usage.__all__)


@pytest.mark.parametrize("travel", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_errors_travel_with_all_they_know(travel: object) -> None:
    assert callable(travel)
    made: list[UsageError] = [
        InvalidQueryError("no", param="limit"),
        InvalidOptionError(option="timeout", value="0", expected="seconds", hint="Wait."),
        APIResponseValidationError("no", path="$.data", body="<html>"),
        RateLimitError("no", status_code=429, retry_after=1.5, request_id="req_1", body="{}"),
    ]
    for error in made:
        error.resume_from = 86_400
        arrived = travel(error)
        assert type(arrived) is type(error)
        assert arrived.message == str(error)
        assert vars(arrived) == vars(error)


def test_an_invalid_value_is_described_by_its_parts() -> None:
    error = InvalidQueryError(param="limit", value="0", expected="1 to 7", hint="Go on.")
    assert error.message == "limit takes 1 to 7, not 0. Go on."
    assert error.with_hint("Stop.") == "limit takes 1 to 7, not 0. Stop."
    assert error.with_hint("") == "limit takes 1 to 7, not 0."
    assert UsageError("failed.").with_hint("Do X.") == "failed. Do X."
    secret = InvalidOptionError(option="admin_api_key", expected="text")
    assert (secret.message, secret.value, secret.hint) == ("admin_api_key takes text.", "", "")


def test_an_error_can_be_made_from_a_message_as_before() -> None:
    error = InvalidQueryError("no more", param="limit")
    assert (error.message, error.param) == ("no more", "limit")
    assert (error.value, error.expected, error.hint) == ("", "", "")


def test_status_errors_are_named_for_the_status_as_in_the_official_sdk() -> None:
    import openai

    for name in (
        "APIConnectionError",
        "APIError",
        "APIResponseValidationError",
        "APIStatusError",
        "APITimeoutError",
        "AuthenticationError",
        "BadRequestError",
        "ConflictError",
        "InternalServerError",
        "NotFoundError",
        "PermissionDeniedError",
        "RateLimitError",
        "UnprocessableEntityError",
    ):
        theirs, ours = getattr(openai, name), getattr(errors, name)
        assert [base.__name__ for base in ours.__mro__ if base.__name__ in vars(openai)] == [
            base.__name__ for base in theirs.__mro__ if hasattr(errors, base.__name__)
        ]
    assert issubclass(RateLimitError, APIStatusError)
