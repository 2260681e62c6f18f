"""`openai-usage spend`: compare the costs of a month with the month before and with budgets."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from openai_usage import APIError
from openai_usage._text import with_full_stop
from openai_usage.analysis import (
    Budget,
    BudgetVerdict,
    LimitNotice,
    Spending,
    check_budgets,
    limit_notices,
    read_budgets,
)
from openai_usage.analysis.spending import spending
from openai_usage.cli.answer import Answer
from openai_usage.cli.bill import Bill, fetch_bill
from openai_usage.cli.options.budget import BudgetCheck, of_one, reject_projects
from openai_usage.cli.options.connection import Connection
from openai_usage.cli.options.names import NameOptions
from openai_usage.cli.options.notify import NotifyOptions
from openai_usage.cli.options.output import Destination
from openai_usage.cli.options.spend import SpendOptions
from openai_usage.cli.output.console import silence_stdout
from openai_usage.cli.output.messages import say
from openai_usage.cli.spend_check import exit_code_of, why_unchecked
from openai_usage.cli.spend_repeated import Ask, Show, repeat

_OPTIONS, _BUDGET, _OUTPUT = SpendOptions(), BudgetCheck(), Destination()
_NAMING, _NOTIFY, _CONNECTION = NameOptions(), NotifyOptions(), Connection()


def spend(
    *,
    options: SpendOptions = _OPTIONS,
    budget: BudgetCheck = _BUDGET,
    output: Destination = _OUTPUT,
    naming: NameOptions = _NAMING,
    notify: NotifyOptions = _NOTIFY,
    connection: Connection = _CONNECTION,
) -> int:
    """Compare the costs of a month with those of the month before, and with a budget.

    The first lines are the answer; the rest says which models and projects carry it. `--details`
    adds every day and the method of the projection.

    Only complete days are compared, from the first day of both months on; the total so far includes
    today. A month that is over is compared as a whole. The projection of the month adds to the
    total so far the mean of the last seven complete days for each day to come, and for today the
    rest of that mean; the mean does not include credits. If there is a budget, the total and the
    projection are compared with it.

    Days for which the API returns nothing are unknown. Sums, means and comparisons do not include
    them; the tables and stderr name them, and the exit code is 1. If only a part of a day is
    missing, sums include the other part. Today may have no bucket for some hours: the tables say
    so, and from 06:00 UTC it counts as missing.

    With `--notify` and `--every`, it goes on until Ctrl-C, and posts only what is new. With
    `--check`, that is what a check finds, and once that all is well again.
    """
    options.validate()
    labels = connection.labels
    options = options.for_organizations(labels)
    # Those of the file are for all costs of an organization.
    planned = connection.budgets if options.project_ids is None else ()
    budget.validate_check(has_others=options.unusual or bool(planned))
    reject_projects(budget.budgets, options.project_ids)
    output.check()
    of_file = [] if budget.budgets is None else read_budgets(budget.budgets)
    budgets = [*planned, *of_one(of_file, connection.organization)]
    if notify.every is not None:
        notify.validate_every(month=options.month)

    async def ask() -> Answer:
        month = options.first_day  # before `now`, so that it never begins after it
        now = datetime.fromtimestamp(int(time.time()), UTC)
        try:
            bill = await fetch_bill(connection, month, now, options, naming, budgets=budgets)
        except APIError as error:
            if not budget.check:
                raise
            bill = Bill(month=month, error=error)
        return _answer(bill, options, budget, budgets, now, labels=labels)

    show = partial(_show, output=output)
    if notify.every is None:
        return asyncio.run(_once(ask, show, notify))
    return asyncio.run(repeat(ask, show, notify, notify.every))


async def _once(ask: Ask, show: Show, notify: NotifyOptions) -> int:
    """Ask, show the answer, post it if a webhook is given, and return the exit code."""
    answer = await ask()
    code = await show(answer)
    return code if await notify.post(answer.notification(code)) else code or 1


async def _show(answer: Answer, *, output: Destination) -> int:
    """Write the answer, say what else a user should know, and return the exit code."""
    try:
        with output.opened() as file:
            await answer.write(output, file)
    except BrokenPipeError:
        silence_stdout()  # the reader stopped early, but the exit code still has to be right
    bill = answer.bill
    bill.names.warn_of_unread()
    for unread in () if bill.limits is None else bill.limits.unread:
        say(with_full_stop(f"a limit could not be read: {unread}"))
    if answer.nothing_billed:
        say(answer.nothing_billed)
    return exit_code_of(answer)


def _answer(
    bill: Bill,
    options: SpendOptions,
    budget: BudgetCheck,
    budgets: Sequence[Budget],
    now: datetime,
    *,
    labels: Sequence[str],
) -> Answer:
    """Return what the bill of a month comes to, compared with budgets and limits."""
    bill = bill.up_to(now, check=budget.check)
    is_zero = bool(budgets) or (budget.budget is not None and bool(bill.buckets or not bill.gaps))
    found = spending(
        bill.buckets,
        today=now.date(),
        gaps=bill.gaps,
        month=bill.month,
        has_today=bill.has_today(now),
        currency=budget.currency.casefold() if is_zero else None,
    )
    return Answer(
        found=found,
        bill=bill,
        options=options,
        budget=budget,
        now=now,
        unchecked=why_unchecked(found, budget, bill, now.date()) if budget.check else "",
        verdicts=_verdicts(bill, budgets, found, labels) if budgets else [],
        limits=_limits(bill, found, options),
        unusual=bill.unusual_days(options.dimensions, now) if options.unusual else [],
    )


def _verdicts(
    bill: Bill, budgets: Sequence[Budget], found: Sequence[Spending], labels: Sequence[str]
) -> list[BudgetVerdict]:
    """Compare spending with budgets."""
    return check_budgets(
        budgets,
        found,
        names=bill.names.names,
        organizations=[each for each in labels if each not in bill.left_out],
        left_out=bill.left_out,
    )


def _limits(bill: Bill, found: Sequence[Spending], options: SpendOptions) -> list[LimitNotice]:
    if bill.limits is None or not found:
        return []
    notices = limit_notices(bill.limits, found, names=bill.names.names)
    # The costs of some projects say nothing about the limit of the organization.
    of_all = options.project_ids is None
    return [each for each in notices if of_all or each.project_id is not None]
