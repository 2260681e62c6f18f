"""A report of names that try to be markup."""

from openai_usage import Name, Names
from openai_usage.report.data import Figures, Missing
from openai_usage.report.panels import Panel
from openai_usage.report.spend import panels_of_spend, rankings
from openai_usage.report.usage import panels_of_usage
from tests.support.report_values import HOSTILE, of_days, spent, used

TOKENS: dict[str, dict[str, object]] = {
    "input_tokens": {},
    "input_cached_tokens": {},
    "output_tokens": {},
}


def called(**names: str) -> Names:
    return Names(
        known={id_: Name(id=id_, name=name, status="active") for id_, name in names.items()}
    )


def panels(figures: Figures) -> list[Panel]:
    return [*panels_of_spend(figures, rankings(figures)), *panels_of_usage(figures)]


def hostile() -> Figures:
    labels = list(zip(HOSTILE, HOSTILE[::-1], strict=True))
    return of_days(
        5,
        spend=(spent(5, *labels[:5], before=1), spent(5, *labels[5:], currency="<i>' + \"\\\x00")),
        usage=(used("completions", 5, TOKENS, *HOSTILE), used("<b>", 5, {"<u>": {}})),
        missing=(Missing("costs", HOSTILE[0]), Missing(HOSTILE[1], HOSTILE[2])),
        organization=HOSTILE[0],
        host=HOSTILE[1],
        names=called(**dict.fromkeys(HOSTILE[:2], HOSTILE[0])),
    )
