"""docs/reference/cost.md: the estimate of each environment on AWS, with every price that is in it."""

from collections.abc import Iterator, Mapping

from infra.config import StackConfig
from local.aws_environments import environments
from local.cost.estimate import Line, fixed_lines, traffic_lines
from local.cost.prices import INSTANCE_HOUR, LEFT_OUT, PRICES, REGION, Price
from local.markdown import table


def render() -> str:
    """Return the page's text."""
    by_name = environments()
    return "\n".join(
        [
            "# What an environment costs",
            "",
            "An estimate in US dollars a month, before traffic, from each stack file's own config. It is for comparing",
            f"environments and for seeing what a key costs, not a quotation: all prices are of {REGION}, and they were",
            "read in public material of the dates below, not in AWS's price list. Look them up before money depends on",
            "them. Where sources disagree, the lowest and the highest figure are given.",
            "",
            *table(("environment", "a month"), ((name, _sum(list(fixed_lines(c)))) for name, c in by_name.items())),
            "",
            *_environments(by_name),
            "## A million requests",
            "",
            *_bill(list(traffic_lines())),
            "## The prices",
            "",
            *table(("what", "US dollars", "per", "of", "read in"), _prices()),
            "",
            "PostgreSQL on RDS in two zones costs twice what it costs in one, and so does its storage (Amazon RDS User",
            'Guide, "On-Demand DB instances for Amazon RDS").',
            "",
            "## Left out",
            "",
            *table(("what", "why"), LEFT_OUT),
            "",
        ]
    )


def _environments(by_name: Mapping[str, StackConfig]) -> Iterator[str]:
    for name, config in by_name.items():
        yield from (f"## {name}", "", *_bill(list(fixed_lines(config))))


def _bill(lines: list[Line]) -> list[str]:
    rows = [(line.what, f"{line.quantity:,g}", _unit(line.price), _dollars(line.usd, line.most_usd)) for line in lines]
    unknown = [line.what for line in lines if line.price is None]
    notes = [f"Not in the sum, since no price is known: {', '.join(unknown)}.", ""] if unknown else []
    sum_row = ("**together**", "", "", f"**{_sum(lines)}**")
    return [*table(("what", "quantity", "unit", "US dollars"), [*rows, sum_row]), "", *notes]


def _sum(lines: list[Line]) -> str:
    return _dollars(sum(line.usd for line in lines), sum(line.most_usd for line in lines))


def _dollars(least: float, most: float) -> str:
    return f"{least:,.2f}" if f"{least:.2f}" == f"{most:.2f}" else f"{least:,.2f} to {most:,.2f}"


def _unit(price: Price | None) -> str:
    return price.unit if price else "no price known"


def _prices() -> Iterator[tuple[str, ...]]:
    for what, price in {**INSTANCE_HOUR, **PRICES}.items():
        figure = f"{price.usd:g}" if price.highest_usd is None else f"{price.usd:g} to {price.highest_usd:g}"
        yield what, figure, price.unit, price.read, price.source
