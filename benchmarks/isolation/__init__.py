"""A proof that no caller ever gets another caller's answer: seeded traffic, an oracle, and faults that it must find."""

from benchmarks.isolation.page import write_page
from benchmarks.isolation.proof import measure

__all__ = ["measure", "write_page"]
