"""A local server that implements the usage and costs API, for tests and demonstrations.

It serves synthetic usage of an invented organization. The same seed gives the same usage::

    async with Sandbox(seed=7) as sandbox:
        client = AsyncUsageClient(
            admin_api_key=sandbox.admin_api_key, base_url=sandbox.base_url
        )
"""

from openai_usage.sandbox.faults import Faults
from openai_usage.sandbox.server import RecordedRequest, Sandbox

__all__ = ["Faults", "RecordedRequest", "Sandbox"]
