"""Read the limits of spending of an organization and of its projects."""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Literal, TypedDict

import msgspec
from attrs import define, field, frozen

from openai_usage._decimals import of_cents
from openai_usage._http.transport import Transport
from openai_usage._pagination.lists import PROJECT_ID, Failure, read_each, read_pages
from openai_usage._pagination.name_lists import NameLists
from openai_usage._telemetry import iteration_span
from openai_usage._wire.decoder import ListPage, decode_object
from openai_usage.errors import NotFoundError, PaginationError
from openai_usage.limits import Limits, SpendAlert, SpendLimit, SpendLimits, UnreadLimit
from openai_usage.schema.results import Amount
from openai_usage.schema.validation import reject, reject_key, validate

_Kind = Literal["spend_limit", "spend_alerts"]

_Word = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}\Z")]

_Dollars = Annotated[str, msgspec.Meta(pattern=r"^[Uu][Ss][Dd]\Z")]
"""The only currency that the API documents. In another one, such as the yen, the smallest unit need
not be a hundredth, so an amount in it would be a guess."""


class _Fields(TypedDict):
    amount: Amount
    interval: str


class _Threshold(msgspec.Struct, kw_only=True):
    """An amount of the API. Other fields, such as whom an alert notifies, are not decoded."""

    threshold_amount: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    currency: _Dollars
    interval: _Word

    def fields(self) -> _Fields:
        amount = Amount(value=of_cents(self.threshold_amount), currency=self.currency.lower())
        return _Fields(amount=amount, interval=self.interval)


class _Enforcement(msgspec.Struct):
    status: _Word


class _Limit(_Threshold, kw_only=True):
    enforcement: _Enforcement


class _Alert(_Threshold, kw_only=True):
    id: str


class _ErrorText(msgspec.Struct):
    message: str


class _ErrorBody(msgspec.Struct):
    error: _ErrorText


@frozen
class _Wanted:
    """A limit or a list of alerts to read."""

    kind: _Kind
    project_id: str | None

    @property
    def path(self) -> str:
        owner = f"/projects/{self.project_id}" if self.project_id is not None else ""
        return f"organization{owner}/{self.kind}"


async def read_limits(
    transport: Transport, name_lists: NameLists, project_ids: Collection[str] | None
) -> Limits:
    """Return the limits of the organization and of its projects.

    Args:
        transport: The transport to send with.
        name_lists: The lists of the organization, one of which is that of its projects.
        project_ids: The projects. None for all active projects of the organization's list.

    Raises:
        InvalidQueryError: An id of *project_ids* is not valid; nothing was sent.
    """
    unread: list[UnreadLimit] = []
    if project_ids is None:
        names = await name_lists.names(personal=False, kinds=["projects"], project_ids=None)
        ids = [id_ for id_, name in names.known.items() if name.status == "active"]
        unread += (
            UnreadLimit(
                kind="projects",
                path=each.path,
                why=each.why,
                passing=each.passing,
                status_code=each.status_code,
                hint=each.hint,
            )
            for each in names.unread
        )
    else:
        ids = _validated(transport, project_ids)
    return await _Reader(transport, unread).read(ids)


def _validated(transport: Transport, project_ids: Collection[str]) -> list[str]:
    """Return the ids without duplicates, once they are known to be safe in a path."""
    validate("project_ids", project_ids, Sequence[str])
    for each in project_ids:
        if transport.is_key(each):
            reject_key("project_ids", "the admin key")
        if not re.match(PROJECT_ID, each):
            reject("project_ids", each, "ids of letters, digits, - and _")
    return list(dict.fromkeys(project_ids))


@define(eq=False)
class _Reader:
    """Reads the limits of some projects, in any order, and keeps them until all are there."""

    _transport: Transport
    _unread: list[UnreadLimit]
    _limits: dict[str | None, SpendLimit] = field(factory=dict)
    _alerts: dict[str | None, tuple[SpendAlert, ...]] = field(factory=dict)
    _failures: dict[_Wanted, Failure] = field(factory=dict)

    async def read(self, ids: Sequence[str]) -> Limits:
        wanted = [*_both(None), *(each for id_ in ids for each in _both(id_))]
        await read_each(wanted, self._read_one, self._settle)
        failures = [(each, self._failures[each]) for each in wanted if each in self._failures]
        unread = (
            UnreadLimit(kind=each.kind, project_id=each.project_id, path=each.path, **failure)
            for each, failure in failures
        )
        return Limits(
            organization=self._of(None),
            projects={id_: self._of(id_) for id_ in ids},
            unread=(*self._unread, *unread),
        )

    def _of(self, project_id: str | None) -> SpendLimits:
        return SpendLimits(
            limit=self._limits.get(project_id), alerts=self._alerts.get(project_id, ())
        )

    async def _read_one(self, wanted: _Wanted) -> None:
        await (self._read_limit if wanted.kind == "spend_limit" else self._read_alerts)(wanted)

    async def _read_limit(self, wanted: _Wanted) -> None:
        decode = partial(decode_object, _Limit)
        async with iteration_span("get", wanted.kind) as span:
            with _none_allowed():
                limit = await self._transport.get(wanted.path, [], span, decode)
                span.record_page(0)
                status = limit.enforcement.status
                self._reject_keys(limit.interval, status)
                self._limits[wanted.project_id] = SpendLimit(**limit.fields(), enforcement=status)

    async def _read_alerts(self, wanted: _Wanted) -> None:
        decode = partial(decode_object, ListPage[_Alert])
        with _none_allowed():
            alerts = await read_pages(self._transport, wanted.path, [], decode)
            self._reject_keys(*(each.interval for each in alerts))
            unique = {each.id: SpendAlert(id=each.id, **each.fields()) for each in alerts}
            self._alerts[wanted.project_id] = tuple(unique.values())

    def _reject_keys(self, *words: str) -> None:
        if any(map(self._transport.is_key, words)):
            del words  # tracebacks can show locals
            raise PaginationError("the answer has an API key in the place of a word.")

    def _settle(self, wanted: _Wanted, failure: Failure | None) -> None:
        if failure is not None:
            self._failures[wanted] = failure


def _both(project_id: str | None) -> Iterator[_Wanted]:
    yield _Wanted("spend_limit", project_id)
    yield _Wanted("spend_alerts", project_id)


@contextmanager
def _none_allowed() -> Iterator[None]:
    """Leave the block at a 404 of the API, which means that none is set.

    A 404 of a proxy that does not know the path is still an error.
    """
    try:
        yield
    except NotFoundError as error:
        try:
            msgspec.json.decode(error.body, type=_ErrorBody)
        except (msgspec.DecodeError, RecursionError):
            raise error from None
