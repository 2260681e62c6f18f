"""Answers from buckets: exact totals, prices, spending, budgets and unusual days.

Everything here is a pure function of buckets that were fetched before: nothing is sent.
"""

from openai_usage.analysis.budget import Budget
from openai_usage.analysis.budget_file import read_budgets
from openai_usage.analysis.budget_verdict import BudgetVerdict, worst_exit_code
from openai_usage.analysis.budgets import check_budgets, costs_group_by
from openai_usage.analysis.groups import Group, Totals
from openai_usage.analysis.limit_notices import LimitNotice, limit_notices
from openai_usage.analysis.price_steps import PriceStep, price_steps
from openai_usage.analysis.prices import Price, PriceChange, Prices, prices
from openai_usage.analysis.projection import Projection
from openai_usage.analysis.shares import Share, Shares, shares
from openai_usage.analysis.spending import Spending, spending
from openai_usage.analysis.totals import totals
from openai_usage.analysis.unusual import unusual
from openai_usage.analysis.unusual_day import Unusual
from openai_usage.schema.line_items import LineItem, parse_line_item

__all__ = [
    "Budget",
    "BudgetVerdict",
    "Group",
    "LimitNotice",
    "LineItem",
    "Price",
    "PriceChange",
    "PriceStep",
    "Prices",
    "Projection",
    "Share",
    "Shares",
    "Spending",
    "Totals",
    "Unusual",
    "check_budgets",
    "costs_group_by",
    "limit_notices",
    "parse_line_item",
    "price_steps",
    "prices",
    "read_budgets",
    "shares",
    "spending",
    "totals",
    "unusual",
    "worst_exit_code",
]
