"""Verdicts for people and for machines: a terminal, a timeline, and files of several kinds.

A program builds one `Report`; `write` makes files of it, each of a kind of its own (`kinds`).
"""

from chaos.report.files import write_json
from chaos.report.kinds import KINDS, SUMMARY, Kind, UnknownKind, Wanted, by_ending, write
from chaos.report.report import Case, Cell, Column, Finding, Report, Result, Suite, Table, Tone
from chaos.report.runs import JudgedRun, report_on_run, report_on_runs
from chaos.report.scene import story_of_wronged
from chaos.report.terminal import print_story, print_summary, print_table, print_verdict
from chaos.report.timeline import timeline, write_timeline

__all__ = [
    "KINDS",
    "SUMMARY",
    "Case",
    "Cell",
    "Column",
    "Finding",
    "JudgedRun",
    "Kind",
    "Report",
    "Result",
    "Suite",
    "Table",
    "Tone",
    "UnknownKind",
    "Wanted",
    "by_ending",
    "print_story",
    "print_summary",
    "print_table",
    "print_verdict",
    "report_on_run",
    "report_on_runs",
    "story_of_wronged",
    "timeline",
    "write",
    "write_json",
    "write_timeline",
]
