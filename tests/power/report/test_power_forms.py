"""HTML, Markdown and PDF of a report: they say what the document says, need nothing else, and anyone can read them."""

import io
import json
import re
import xml.etree.ElementTree as ET
from decimal import Decimal
from html.parser import HTMLParser

import pypdf
import pytest

from power.report import charts, html, markdown, pdf
from power.report.shown import MINUS, Document

NUMBER = re.compile(rf"[{MINUS}+]?(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?")


class Page(HTMLParser):
    """The numbers of a page that name their place, and its text besides them."""

    def __init__(self) -> None:
        super().__init__()
        self.placed: list[tuple[str, str, str | None]] = []
        """Place, text, machine-readable value if it has one."""
        self.rest: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self._open: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in {"meta", "wbr"}:
            self._open.append((tag, dict(attributes)))

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, text):
        tag, attributes = self._open[-1] if self._open else ("", {})
        if "data-of" in attributes:
            self.placed.append((attributes["data-of"], text, attributes.get("value")))
        elif tag not in {"style", "title", "desc"} and attributes.get("class") != "tick":
            # Titles and descriptions of a drawing repeat its numbers for who does not see it.
            self.rest.append(text)


@pytest.fixture(scope="module", params=["facts", "short_lived", "stated"])
def case(request) -> tuple[dict, Page, str]:
    facts = request.getfixturevalue(request.param)
    text = html.render(facts)
    page = Page()
    page.feed(text)
    return facts, page, text


def _shown(text: str) -> tuple[Decimal, Decimal]:
    """A number as shown, and half of its last digit."""
    found = NUMBER.search(text)
    assert found, text
    value = Decimal(found[0].replace(",", "").replace(MINUS, "-"))
    return value, Decimal(5).scaleb(value.as_tuple().exponent - 1)


def _strings(value) -> list[str]:
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in (key, *_strings(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in _strings(inner)]
    return [value] if isinstance(value, str) else []


def test_every_number_of_the_page_is_the_documents(case):
    facts, page, _ = case
    document = Document(facts)
    assert len(page.placed) > 100
    for place, text, value in page.placed:
        stands = document.at(place)
        assert value is None or float(value) == stands
        shown, half = _shown(text)
        wanted = Decimal(stands) * (100 if "%" in text and "%/" not in text else 1)
        assert abs(wanted - shown) <= half * Decimal("1.0000001"), (place, text, stands)


def test_no_number_stands_on_the_page_without_a_place(case):
    facts, page, _ = case
    allowed = set(re.findall(r"\d+", " ".join(_strings(facts)))) | {"5", "95", "9", "10"}
    allowed |= {str(number) for number in range(1, len(facts["phases"]) + 1)}
    allowed |= {str(len(row["points"])) for row in facts["evidence"]["figures"] if row["points"]}
    assert {number for text in page.rest for number in re.findall(r"\d+", text)} <= allowed


def test_the_page_needs_nothing_else(case):
    _, page, text = case
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object", "base", "image", "use"}
    for tag, attributes in page.tags:
        assert not {"src", "href", "srcset", "style"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in text
    assert "@import" not in text
    assert set(re.findall(r"https?://[^\s\"<]+", text)) <= {"http://www.w3.org/2000/svg", *_links(case[0])}


def _links(facts: dict) -> set[str]:
    return set(re.findall(r"https?://[^\s\"<]+", json.dumps(facts)))


def test_the_verdict_comes_first(case):
    facts, page, text = case
    assert facts["verdict"]["sentence"][1:] in " ".join(page.rest[:60])
    assert text.index('class="verdict') < text.index("<figure>")
    assert ('class="verdict misses"' in text) is not facts["verdict"]["meets"]


def test_every_chart_is_well_formed_and_can_be_heard(case):
    _, _, text = case
    drawings = re.findall(r"<svg .*?</svg>", text, re.DOTALL)
    assert len(drawings) == len(charts.CHARTS)
    for drawing in drawings:
        root = ET.fromstring(drawing)
        named = root.attrib["aria-labelledby"].split()
        texts = {element.attrib.get("id"): element.text for element in root}
        assert root.attrib["role"] == "img"
        assert all(texts[name] for name in named)
        for element in root.iter():
            for name in ("width", "height"):
                assert float(element.attrib.get(name, 0)) >= 0
            for name in ("x", "y", "x1", "x2", "y1", "y2"):
                assert -1 <= float(element.attrib.get(name, 0)) <= 800
        assert root.findall(".//{http://www.w3.org/2000/svg}text")


def test_every_colour_is_there_in_light_and_in_dark(case):
    _, _, text = case
    style = text[text.index("<style>") : text.index("</style>")]
    light, dark = style.split("@media screen and (prefers-color-scheme: dark)", 1)
    defined = [set(re.findall(r"--([\w-]+):", part.split("@media print")[0])) for part in (light, dark)]
    used = set(re.findall(r"var\(--([\w-]+)\)", text))
    assert used <= defined[0]
    assert defined[0] == defined[1]


def test_text_in_the_data_is_never_markup(facts):
    hostile = json.loads(json.dumps(facts))
    hostile["scenario"]["title"] = hostile["notes"][0] = '<script>alert("x")</script> | `b` [l](u)'
    hostile["scenario"]["name"] = 'a"; } </style><b>'
    hostile["components"][0]["name"] = "<b>load</b>"
    page = html.render(hostile)
    assert "<script" not in page
    assert "<b>load" not in page
    assert page.count("</style>") == 1
    assert "<script>" not in markdown.render(hostile).replace("\\<", "")


def test_markdown_has_whole_tables_and_the_documents_numbers(case):
    facts, _, _ = case
    text = markdown.render(facts)
    assert text.startswith("# Power budget")
    assert facts["verdict"]["sentence"][1:] in text.splitlines()[2]
    width = 0
    for line in text.splitlines():
        columns = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not columns or not width or columns == width, line
        width = columns
    document = Document(facts)
    for place, unit in (("hours.p5", "h"), ("power.typ", "mW"), ("budget.net_mw", "mW"), ("peak.sag_mv.typ", "mV")):
        assert document.number(place, unit).text in text
    assert text.rstrip().endswith(f"```sh\n{facts['command']}\n```")


def test_the_pdf_has_pages_with_text(facts):
    reader = pypdf.PdfReader(io.BytesIO(pdf.render(facts)))
    texts = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert 3 <= len(texts) <= 15
    assert facts["verdict"]["sentence"][1:] in texts[0]
    for number, text in enumerate(texts, 1):
        assert f"{number} of {len(texts)}" in text
    whole = " ".join(texts)
    for words in ("What the hours hang on", "Peak current and brown-out", "Two engines", facts["inputs"][0]["path"]):
        assert words in whole
    assert reader.metadata.title == "Power budget: earpiece on artemis"
    width, height = (float(side) * 25.4 / 72 for side in reader.pages[0].mediabox[2:])
    assert (width, height) == pytest.approx((210, 297), abs=0.5)


def test_the_same_document_gives_the_same_bytes(facts):
    assert html.render(facts) == html.render(facts)
    assert markdown.render(facts) == markdown.render(facts)
