"""The triggers of `tests/test_messages.py`: what makes the package say something."""

KEY = "sk-admin-" + 40 * "0"

PARAMETERS = [
    "client.completions(start_time='2026-01-05')",
    "client.completions(start_time=datetime(2026, 1, 5))",
    "client.completions(start_time=1767571200000)",
    "client.completions(start_time=100, end_time=100)",
    "client.completions(start_time=1, bucket_width='1w')",
    "client.completions(start_time=1, limit=32)",
    "client.completions(start_time=1, limit='7')",
    "client.completions(start_time=1, limit=10**30)",
    "client.completions(start_time=1, group_by=['modle'])",
    "client.completions(start_time=1, group_by='model')",
    "client.completions(start_time=1, models=5)",
    "client.completions(start_time=1, models=[])",
    "client.completions(start_time=1, models=[' '])",
    r"client.completions(start_time=1, models=['\ud800'])",
    f"client.completions(start_time=1, models=['{KEY}'])",
    "client.completions(start_time=1, extra_query=['a'])",
    "client.completions(start_time=1, extra_query={'a': 1.5})",
    "client.completions(start_time=1, extra_query={'a': []})",
    f"client.completions(start_time=1, extra_query={{'a': '{KEY}'}})",
    "client.completions(start_time=1, extra_query={'limit': 9})",
    "client.completions(start_time=1, page='p').concurrently(2)",
    "client.completions(start_time=1).concurrently(0)",
    "client.costs(start_time=1, bucket_width='1h')",
    "client.costs(start_time=1, project_ids=['gateway-key']).first_page()",
    "client.costs(start_time=1).to_arrow(money='int')",
    "client.names(kinds=['project'])",
    "client.limits(project_ids=['../costs'])",
    "client.limits(project_ids=['gateway-key'])",
    "client.query('cost', start_time=1)",
    "report(date(2126, 1, 1))",
]

ANSWERS = [
    "prices(usage)",
    "prices(bill, by='model')",
    "prices(bill, by=['modle'])",
    "prices(bill, bill, by=['model', 'month'])",
    "prices(bill, bill).changes(by=['project_id'])",
    "shares(bill)",
    "shares(usage, costs=usage)",
    "shares(usage, costs=bill[1:])",
    "shares(usage, by=['batch'], costs=bill)",
    "unusual(bill, by=['day'])",
    "unusual(bill, now=datetime(2026, 1, 9))",
]

OPTIONS = [
    "UsageClient()",
    "UsageClient(b'sk-admin-1')",
    "UsageClient('sk-admin 1')",
    "UsageClient('sk-admin-1', base_url=5)",
    "UsageClient('sk-admin-1', base_url='nowhere')",
    "UsageClient('sk-admin-1', base_url='http://usage.example/v1')",
    f"UsageClient('sk-admin-1', base_url='https://usage.example/{KEY}')",
    "UsageClient('sk-admin-1', organization='org 1')",
    "UsageClient('sk-admin-1', timeout=0)",
    "UsageClient('sk-admin-1', max_retries=1.5)",
    "UsageClient('sk-admin-1', max_retry_wait=-1)",
    "UsageClient('sk-admin-1', max_response_bytes=0)",
    "UsageClient('sk-admin-1', max_connections=0)",
    "UsageClient('sk-admin-1', on_gap='ignore')",
    "UsageClient('sk-admin-1', on_retry='print')",
    "UsageClient('sk-admin-1', trust_env='0')",
    "UsageClient('sk-admin-1', trust_env=True)",
    "UsageClient('sk-admin-1', ssl=False)",
    "UsageClient('sk-admin-1', ssl=ssl._create_unverified_context())",
]

_WAIT = "headers={'Retry-After': '90'}"


def with_amounts(amount: str) -> str:
    """A page of costs from 2026-01-05 to 2026-01-09 with one amount a day."""
    days = [
        f'{{"start_time":{start},"end_time":{start + 86_400},"results":'
        f'[{{"amount":{{"value":{amount},"currency":"usd"}}}}]}}'
        for start in range(1_767_571_200, 1_767_916_800, 86_400)
    ]
    return f'{{"data":[{",".join(days)}],"has_more":false}}'


RESPONSES = [
    "faults.status(302, body='')",
    "faults.status(400)",
    "faults.status(401)",
    """faults.status(401, body='{"error": {"code": "mismatched_organization"}}')""",
    "faults.status(403)",
    "faults.status(404)",
    "faults.status(422, after=1)",
    f"faults.status(409, {_WAIT})",
    f"faults.status(429, {_WAIT})",
    """faults.status(429, body='{"error": {"code": "insufficient_quota"}}')""",
    f"faults.status(500, {_WAIT})",
    "faults.status(502, body='<html>Bad gateway</html>', headers={'Retry-After': '90'})",
    "faults.status(200, body='<html>Log in</html>')",
    'faults.status(200, body=\'{"data": {}, "has_more": false}\')',
    "faults.status(200, body='[' * 200_000)",
    "faults.garbled_body(0.1)",
    "faults.lost_cursor()",
    "faults.repeated_cursor()",
    "faults.reordered_buckets()",
    "faults.doubled_bucket()",
    "faults.missing_bucket()",
    f"""faults.status(200, body='{{"data": [], "has_more": true, "next_page": "{KEY}"}}')""",
    "faults.status(200, body=with_amounts('1e30'))",
    "faults.dropped_connection(times=2)",
    "faults.gzip_bomb()",
]

_COSTS = "openai-usage costs --sandbox"

COMMANDS = [
    "OPENAI_ADMIN_KEY= openai-usage costs",
    "OPENAI_ADMIN_KEY= OPENAI_API_KEY=sk-proj-1 openai-usage costs",
    "OPENAI_ADMIN_KEY=é openai-usage costs",
    "OPENAI_ORG_ID=é openai-usage costs",
    "OPENAI_BASE_URL=nowhere openai-usage costs",
    "OPENAI_BASE_URL=http://usage.example/v1 openai-usage costs",
    f"OPENAI_BASE_URL=https://usage.example/{KEY} openai-usage costs",
    "openai-usage cots",
    f"{_COSTS} --nonsense",
    f"{_COSTS} --group-by modle",
    f"{_COSTS} --bucket-width 1h",
    f"{_COSTS} --limit many",
    f"{_COSTS} --limit 181",
    f"{_COSTS} --page {KEY}",
    f"{_COSTS} --page abc --concurrency 4",
    f"{_COSTS} --concurrency 0",
    f"{_COSTS} --project-ids=",
    f"{_COSTS} --extra-query.limit 5",
    f"{_COSTS} --extra-query.a=",
    f"{_COSTS} --extra-query.a {KEY}",
    f"{_COSTS} --last 3",
    f"{_COSTS} --last=",
    f"{_COSTS} --last 99999d",
    f"{_COSTS} --last 3d --this-month",
    f"{_COSTS} --end 2026-01-01",
    f"{_COSTS} --start yesterday",
    f"{_COSTS} --start 2026-01-01T00:00",
    f"{_COSTS} --start 0001-01-01",
    f"{_COSTS} --start 999999999999",
    f"{_COSTS} --start 2026-01-02 --end 2026-01-01",
    f"{_COSTS} --format csv --money text",
    f"{_COSTS} --output costs.xls",
    f"{_COSTS} --output costs.xlsx --format csv",
    f"{_COSTS} --format dashboard-csv --group-by month",
    "openai-usage images --sandbox --format dashboard-csv",
    f"{_COSTS} --output nowhere/costs.csv",
    f"{_COSTS} --output -csv",
    "openai-usage spend --sandbox --check",
    "openai-usage spend --sandbox --budget -1",
    "openai-usage spend --sandbox --budget 5 --currency dollars",
    "openai-usage report --sandbox --start 2126-01-01",
    "openai-usage report --sandbox --output report.pdf",
    "openai-usage report --sandbox --output /dev/null --png",
    "openai-usage sandbox --now yesterday",
]

NAMES = [
    "scopes.discard('api.management.read')",
    "answer('projects', 404)",
    "answer('api_keys', 403)",
    "answer('projects', 302, '')",
]

REPORTS = [
    "answer('costs', 403)",
    "answer('usage/images', 404)",
    "answer('usage/images', 302, '')",
    "answer('costs', 404, start_time=1767225600)",
    "faults.missing_bucket(times=14)",
]

DOCTORS = [
    "openai-usage doctor",
    "OPENAI_ADMIN_KEY= openai-usage doctor",
    "OPENAI_ADMIN_KEY=sk-proj-1 openai-usage doctor",
    "OPENAI_ADMIN_KEY=other openai-usage doctor",
    "OPENAI_ADMIN_KEY=é openai-usage doctor",
    "OPENAI_ORG_ID=é openai-usage doctor",
    "OPENAI_BASE_URL=nowhere openai-usage doctor",
    "OPENAI_BASE_URL=http://usage.example/v1 openai-usage doctor",
    "OPENAI_BASE_URL=http://127.0.0.1:9/v1 openai-usage doctor",
    "scopes.clear(); openai-usage doctor",
    "faults.status(302, body='', times=99); openai-usage doctor",
    "faults.status(403, times=99); openai-usage doctor",
    "faults.status(404, times=99); openai-usage doctor",
    "faults.status(503, times=99); openai-usage doctor",
    "faults.status(200, body='<html>', times=99); openai-usage doctor",
    "faults.dropped_connection(times=99); openai-usage doctor",
    "answer('usage/images', 302, ''); openai-usage doctor",
    "answer('usage/images', 404); openai-usage doctor",
    "answer('usage/images', 502, '<html>'); openai-usage doctor",
]
