"""Pieces of PromQL that the dashboards share."""

from __future__ import annotations


def rate(metric: str, by: str = "", labels: str = "", over: str = "$__rate_interval") -> str:
    """Events a second, summed up over all processes."""
    return f"sum{_by(by)} (rate({metric}{{{labels}}}[{over}]))"


def increase(metric: str, by: str = "", labels: str = "", over: str = "1h") -> str:
    """How many there were in the time up to now."""
    return f"sum{_by(by)} (increase({metric}{{{labels}}}[{over}]))"


def quantile(share: float, histogram: str, by: str = "", labels: str = "", over: str = "$__rate_interval") -> str:
    """The value that this share of the observations does not exceed."""
    names = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, sum by ({names}) (rate({histogram}_bucket{{{labels}}}[{over}])))"


def mean(histogram: str, by: str = "", labels: str = "") -> str:
    """The average of the observations."""
    return f"{rate(f'{histogram}_sum', by, labels)} / {rate(f'{histogram}_count', by, labels)}"


def latest(gauge: str, by: str = "", labels: str = "") -> str:
    """A gauge that each process of a service sees alike, so that the greatest counts."""
    return f"max{_by(by)} ({gauge}{{{labels}}})"


def total(gauge: str, by: str = "", labels: str = "") -> str:
    """A gauge that each process has its share of."""
    return f"sum{_by(by)} ({gauge}{{{labels}}})"


def or_zero(query: str, of: str) -> str:
    """0 for each series of `of` that the query says nothing about: that nothing happened is worth a line."""
    return f"{query} or {of} * 0"


def _by(names: str) -> str:
    return f" by ({names})" if names else ""
