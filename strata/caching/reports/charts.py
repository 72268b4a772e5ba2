"""The plots of a page, as HTML fragments that need no network."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from strata.caching.reports.labels import labels, sorted_series
from strata.figures import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strata.caching.metrics import Group, MetricsTable

#: What a bar is made of: the measure, its name, and a colour that people with any colour vision tell apart on light
#: and on dark (Okabe and Ito's palette, the second one lightened).
PARTS: Final = (
    ("edge_hits", "hit", "#009e73"),
    ("refresh_hits", "refresh hit", "#56b4e9"),
    ("shield_hits", "shield hit", "#0072b2"),
    ("misses", "miss", "#e69f00"),
)
_LEFT_OUT: Final = ("left_out", "left out", "#9aa3ad")
_SHOWN_GROUPS: Final = 12
_LABEL_CHARACTERS: Final = 36
_ROW_PIXELS: Final = 34
_RATIO_PIXELS: Final = 76
_CONFIG: Final = {"displayModeBar": False, "responsive": True}


def over_time(table: MetricsTable) -> go.Figure:
    """Return the hit ratio above the number of requests, by hour or day."""
    series = [group for group in sorted_series(table) if group.values[0] is not None]
    moments = [str(group.values[0]) for group in series]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.45, 0.55], vertical_spacing=0.08)
    ratios = [None if group.measures.hit_ratio is None else 100 * group.measures.hit_ratio for group in series]
    figure.add_scatter(
        x=moments,
        y=ratios,
        mode="lines+markers",
        name="hit ratio",
        line={"color": PARTS[0][2], "width": 2.5},
        marker={"size": 6},
        hovertemplate="%{x}<br>hit ratio %{y:.1f} %<extra></extra>",
        showlegend=False,
        row=1,
        col=1,
    )
    for measure, name, colour in (*PARTS, _LEFT_OUT):
        figure.add_bar(
            x=moments,
            y=[getattr(group.measures, measure) for group in series],
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"%{{x}}<br>{name} %{{y:,}}<extra></extra>",
            row=2,
            col=1,
        )
    figure.update_yaxes(title_text="hit ratio", range=[0, 104], ticksuffix=" %", row=1, col=1)
    figure.update_yaxes(title_text="requests", row=2, col=1, rangemode="tozero", tickformat=",d")
    figure.update_xaxes(type="date")
    return _styled(figure, height=420)


def by_group(table: MetricsTable) -> go.Figure:
    """Return what became of the comparable requests of the largest groups, in percent of each group."""
    shown = [group for group in sorted_series(table) if group.measures.comparable][:_SHOWN_GROUPS]
    names = _distinct([_short(group) for group in shown])
    figure = go.Figure()
    for measure, name, colour in PARTS:
        counts = [getattr(group.measures, measure) for group in shown]
        figure.add_bar(
            y=names,
            x=[100 * count / group.measures.comparable for count, group in zip(counts, shown, strict=True)],
            customdata=counts,
            orientation="h",
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"%{{y}}<br>{name} %{{x:.1f}} % (%{{customdata:,}})<extra></extra>",
        )
    for name, group in zip(names, shown, strict=True):
        figure.add_annotation(
            x=1,
            xref="paper",
            xshift=4,
            y=name,
            text=f"<b>{percent(group.measures.hit_ratio)}</b>",
            xanchor="left",
            showarrow=False,
        )
    figure.update_xaxes(range=[0, 100], tickvals=[0, 25, 50, 75, 100], ticktext=["0", "25 %", "50 %", "75 %", "100 %"])
    figure.update_yaxes(autorange="reversed", type="category", ticksuffix="  ")
    styled = _styled(figure, height=90 + _ROW_PIXELS * max(len(shown), 1))
    styled.update_yaxes(showgrid=False)
    return styled.update_layout(margin={"r": _RATIO_PIXELS})


def fragment(figure: go.Figure, *, with_library: bool) -> str:
    """Return a figure as HTML; the first of a page brings the library along."""
    html = figure.to_html(full_html=False, include_plotlyjs=with_library, config=_CONFIG, default_width="100%")
    return str(html)


def _styled(figure: go.Figure, height: int) -> go.Figure:
    layout: dict[str, Any] = {
        "barmode": "stack",
        "bargap": 0.28,
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 34, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "size": 13},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        "hoverlabel": {"align": "left"},
    }
    figure.update_layout(**layout)
    figure.update_xaxes(automargin=True, gridcolor="rgba(128,128,128,.22)", zeroline=False, fixedrange=True)
    figure.update_yaxes(automargin=True, gridcolor="rgba(128,128,128,.22)", zeroline=False, fixedrange=True)
    return figure


def _short(group: Group) -> str:
    """Return a label that fits beside a bar; Plotly reads tags in labels, so there are none."""
    text = labels(group.values)
    return escape(text if len(text) <= _LABEL_CHARACTERS else f"{text[: _LABEL_CHARACTERS - 1]}…")


def _distinct(names: Sequence[str]) -> list[str]:
    """Return names that differ, since bars of one name would be drawn as one."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result
