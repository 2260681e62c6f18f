"""Answers from buckets: exact totals, prices, spending, budgets and unusual days.

Everything here is a pure function of buckets that were fetched before: nothing is sent.
"""

from openai_usage.analysis.groups import Group, Totals
from openai_usage.analysis.prices import Price, PriceChange, Prices, prices
from openai_usage.analysis.shares import Share, Shares, shares
from openai_usage.analysis.spending import Spending
from openai_usage.analysis.totals import totals
from openai_usage.analysis.unusual import unusual
from openai_usage.analysis.unusual_day import Unusual
from openai_usage.schema.line_items import LineItem, parse_line_item

__all__ = [
    "Group",
    "LineItem",
    "Price",
    "PriceChange",
    "Prices",
    "Share",
    "Shares",
    "Spending",
    "Totals",
    "Unusual",
    "parse_line_item",
    "prices",
    "shares",
    "totals",
    "unusual",
]
