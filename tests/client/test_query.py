"""A row of the table is queried by its name, or as a row, in both clients."""

import pytest

from openai_usage import AsyncUsageClient, Endpoints, InvalidQueryError, UsageClient
from openai_usage.sandbox import Sandbox
from tests.conftest import DAY, TODAY

START = TODAY - 3 * DAY


async def test_a_row_is_queried_by_its_name_or_as_it_is(client: AsyncUsageClient) -> None:
    expected = await client.costs(start_time=START, end_time=TODAY).collect()
    by_name = client.query("costs", start_time=START, end_time=TODAY)
    assert await by_name.collect() == expected
    by_row = client.query(Endpoints.costs, start_time=START, end_time=TODAY)
    assert await by_row.collect() == expected
    assert (await by_row.first_page()).data == tuple(expected)


@pytest.mark.real_clock
def test_a_row_is_queried_by_a_program_that_blocks(usage_sandbox: Sandbox) -> None:
    with UsageClient(usage_sandbox.admin_api_key, base_url=usage_sandbox.base_url) as client:
        expected = client.costs(start_time=START, end_time=TODAY).collect()
        assert client.query("costs", start_time=START, end_time=TODAY).collect() == expected
        assert client.query(Endpoints.costs, start_time=START, end_time=TODAY).first_page()


def test_an_endpoint_that_does_not_exist_is_refused(client: AsyncUsageClient) -> None:
    with pytest.raises(
        InvalidQueryError, match=r"endpoint takes 'completions', .* Did you mean 'costs'"
    ):
        client.query("cost", start_time=START)
    with pytest.raises(InvalidQueryError, match="end_time takes a time after start_time"):
        client.query("costs", start_time=START, end_time=START)


def test_a_row_of_a_subclass_is_queried_by_its_name() -> None:
    class Client(AsyncUsageClient):
        bill = Endpoints.costs

    made = Client("sk-admin-x").query("bill", start_time=START)
    assert made.endpoint is Endpoints.costs
