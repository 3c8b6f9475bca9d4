"""JUnit XML, which CI servers read."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from chaos.report.kinds.kind import Kind
from chaos.report.report import Case, Report, Result, Suite
from chaos.report.words import lines

_COUNTS = {"testcase": "tests", "failure": "failures", "error": "errors", "skipped": "skipped"}


def _render(report: Report, path: Path) -> bytes:
    del path
    root = Element("testsuites", name=report.program)
    root.extend(_suite(suite) for suite in report.suites)
    for element in root.iter():
        element.text = lines(element.text) if element.text else None
        element.attrib.update({name: lines(value) for name, value in element.items()})
    for element in (root, *root):
        for tag, attribute in _COUNTS.items():
            element.set(attribute, str(len(list(element.iter(tag)))))
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(suite: Suite) -> Element:
    element = Element("testsuite", name=suite.name)
    if suite.properties:
        properties = SubElement(element, "properties")
        for name, value in suite.properties.items():
            SubElement(properties, "property", name=name, value=value)
    element.extend(_case(case) for case in suite.cases)
    if suite.output:
        SubElement(element, "system-out").text = suite.output
    return element


def _case(case: Case) -> Element:
    element = Element("testcase", classname=case.group, name=case.name)
    if case.seconds is not None:
        element.set("time", f"{case.seconds:.3f}")
    if case.result is not Result.PASSED:
        result = SubElement(element, str(case.result), message=case.message)
        if case.type:
            result.set("type", case.type)
        result.text = case.text
    if case.output:
        SubElement(element, "system-out").text = case.output
    return element


KIND = Kind(name="junit", ending=".xml", meaning="JUnit XML", render=_render)
