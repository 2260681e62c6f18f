"""The lists of the organization: projects, users, API keys, and alerts of spending, in pages."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from multidict import MultiMapping

from openai_usage.sandbox.api_errors import ApiError
from openai_usage.sandbox.dataset.arrivals import FOUNDED
from openai_usage.sandbox.dataset.ledger import Row
from openai_usage.sandbox.dataset.limits import spend_alerts
from openai_usage.sandbox.dataset.organization import Organization
from openai_usage.sandbox.dataset.workloads import ARCHIVED, KEYS, PEOPLE, STARTED, email_of

_DEFAULT, _MOST = 20, 100
"""The default and the largest number of entries on a page."""

_ACCESS = {"active": ("active",), "inactive": ("inactive",), "any": ("active", "inactive")}
"""The keys that each value of `owner_project_access` selects. The default is `active`."""


def _projects(projects: Sequence[Row], parameters: MultiMapping[str]) -> Iterator[Row]:
    archived = parameters.get("include_archived") == "true"
    return (each for each in projects if archived or each["status"] == "active")


def _users(users: Sequence[Row], parameters: MultiMapping[str]) -> Iterator[Row]:
    emails = [*parameters.getall("emails", []), *parameters.getall("emails[]", [])]
    return (each for each in users if not emails or each["email"] in emails)


def _api_keys(keys: Sequence[Row], parameters: MultiMapping[str]) -> Iterator[Row]:
    access = parameters.get("owner_project_access", "active")
    if access not in _ACCESS:
        raise ApiError.invalid("owner_project_access", f"Invalid value: '{access}'.")
    return (each for each in keys if each["owner_project_access"] in _ACCESS[access])


def _alerts(alerts: Sequence[Row], parameters: MultiMapping[str]) -> Iterator[Row]:
    order = parameters.get("order", "asc")
    if order not in ("asc", "desc"):
        raise ApiError.invalid("order", f"Invalid value: '{order}'.")
    return iter(alerts) if order == "asc" else reversed(alerts)


class SandboxLists:
    """The lists of one organization, served in pages.

    Args:
        organization: The organization whose lists are served.
        page_caps: The largest page of each list, whatever `limit` a request has.
    """

    def __init__(self, organization: Organization, page_caps: Mapping[str, int]) -> None:
        self._organization = organization
        self._page_caps = page_caps
        root = "/v1/organization"
        self._lists: dict[str, tuple[str, Callable[..., Iterator[Row]], Sequence[Row]]] = {
            f"{root}/projects": ("projects", _projects, [*self._all_projects()]),
            f"{root}/users": ("users", _users, [*self._all_users()]),
            **{
                f"{root}/projects/{id_}/api_keys": ("api_keys", _api_keys, [*self._keys_of(name)])
                for id_, name in organization.projects.items()
            },
            **{
                path: ("spend_alerts", _alerts, alerts)
                for path, alerts in spend_alerts(organization).items()
            },
        }

    def page(self, path: str, parameters: MultiMapping[str]) -> Row:
        """Return the requested page of the list at *path*.

        Raises:
            ApiError: The list does not exist, or a parameter is not valid.
        """
        if path not in self._lists:
            raise ApiError.no_such_path("GET", path)
        name, select, entries = self._lists[path]
        limit = min(_limit(parameters), self._page_caps.get(name, _MOST))
        remaining = _after(parameters, list(select(entries, parameters)))
        data = remaining[:limit]
        return {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": len(remaining) > limit,
        }

    def _all_projects(self) -> Iterator[Row]:
        for id_, name in self._organization.projects.items():
            yield {
                "object": "organization.project",
                "id": id_,
                "name": name,
                "created_at": STARTED.get(name, FOUNDED),
                "archived_at": ARCHIVED.get(name),
                "status": "archived" if name in ARCHIVED else "active",
            }

    def _all_users(self) -> Iterator[Row]:
        for id_, person in self._organization.users.items():
            yield {
                "object": "organization.user",
                "id": id_,
                "name": PEOPLE[person],
                "email": email_of(person),
                "role": "reader",
                "added_at": FOUNDED,
            }

    def _keys_of(self, project: str) -> Iterator[Row]:
        for id_, name in self._organization.keys.items():
            key = KEYS[name]
            if key.project == project and key.deleted_at is None:
                yield {
                    "object": "organization.project.api_key",
                    "id": id_,
                    "name": name,
                    "redacted_value": f"sk-...{id_[-4:]}",
                    "created_at": key.started_at,
                    "last_used_at": key.ended_at,
                    "owner_project_access": "inactive" if key.owner_left else "active",
                    "owner": self._owner(id_, key.user),
                }

    def _owner(self, key: str, person: str | None) -> Row:
        if person is None:
            id_ = key.replace("key_", "svc_acct_")
            account = {"id": id_, "name": "Service account", "created_at": FOUNDED}
            return {"type": "service_account", "service_account": {**account, "role": "member"}}
        [id_] = (id_ for id_, each in self._organization.users.items() if each == person)
        user = {"id": id_, "name": PEOPLE[person], "email": email_of(person)}
        return {"type": "user", "user": {**user, "created_at": FOUNDED, "role": "member"}}


def _limit(parameters: MultiMapping[str]) -> int:
    text = parameters.get("limit", str(_DEFAULT))
    if not text.isdecimal() or not text.isascii():
        raise ApiError.invalid_type("limit", "an integer", text)
    if len(text) > 9 or not 1 <= int(text) <= _MOST:
        raise ApiError.invalid("limit", f"Invalid limit: {text}. It must be from 1 to {_MOST}.")
    return int(text)


def _after(parameters: MultiMapping[str], entries: list[Row]) -> list[Row]:
    """Return the *entries* after the one with the id in `after`, or all of them."""
    if "after" not in parameters:
        return entries
    ids = [entry["id"] for entry in entries]
    after = parameters["after"]
    if after not in ids:
        raise ApiError.invalid("after", f"There is no '{after}' in this list.")
    return entries[ids.index(after) + 1 :]
