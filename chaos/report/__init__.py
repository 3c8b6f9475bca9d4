"""Verdicts for people and for machines: terminal, JSON, JUnit XML, and a timeline as HTML."""

from chaos.report.files import write_json
from chaos.report.junit import write_junit
from chaos.report.terminal import print_summary, print_verdict
from chaos.report.timeline import write_timeline

__all__ = ["print_summary", "print_verdict", "write_json", "write_junit", "write_timeline"]
