"""The page in headless Chromium: what it shows is the model's, it asks nobody else, and it is quiet in the console."""

import json
import shlex

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from power import figures, what_if
from power.scenario import scenario
from power.study import outlook

DAYS = 4000
"""What the page asks for once a setting has come to rest."""


class Page:
    """The page in the browser, as its user meets it."""

    def __init__(self, browser, served):
        self.browser, self.served = browser, served

    def open(self, fragment: str = "", width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        self.browser.get("about:blank")
        for kind in ("browser", "performance"):
            self.browser.get_log(kind)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.browser.get(self.served.server.url + fragment)
        self.settle()

    def settle(self) -> None:
        """Until the thorough answer is there and nothing is asked any more."""
        done = (
            "return document.body.dataset.ready === 'true' && !document.body.classList.contains('busy')"
            " && document.querySelectorAll('#sliders input').length > 0"
        )
        WebDriverWait(self.browser, 60, poll_frequency=0.05).until(lambda b: b.execute_script(done))

    def text(self, selector: str) -> str:
        return self.browser.find_element(By.CSS_SELECTOR, selector).text

    def slider(self, key: str):
        return self.browser.find_element(By.CSS_SELECTOR, f'[data-key="{key}"] input[type=range]')

    def number(self, key: str):
        return self.browser.find_element(By.CSS_SELECTOR, f'[data-key="{key}"] input[type=number]')

    def move(self, key: str, value: float) -> None:
        """Types a value and leaves the field."""
        field = self.number(key)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(Keys.NULL, f"{value:g}", Keys.TAB)
        self.settle()

    @property
    def hours(self) -> float:
        return float(self.text("#hours-typ").replace(",", ""))

    def expected(self, **changes: float) -> dict[str, float]:
        parts, day = figures.board_parts("artemis"), scenario("earpiece")
        dotted = {key.replace("__", "."): value for key, value in changes.items()}
        run = self.served.explorer.kept.run
        _, life = outlook(run, parts, day, days=DAYS, seed=1, changes=dotted)
        return {"typ": life.hours_typ, "p5": life.p5}

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def asked(self) -> set[str]:
        """The places that were asked since `open`."""
        found = set()
        for entry in self.browser.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not url.startswith(("about:", "data:")):
                    found.add("/".join(url.split("/")[:3]))
        return found


@pytest.fixture
def page(chromium, served) -> Page:
    return Page(chromium, served)


def about(value: float):
    """As the page rounds: to three digits."""
    return pytest.approx(value, rel=6e-3)


def test_it_shows_the_models_hours_and_asks_nobody_else(page):
    page.open()
    expected = page.expected()
    assert page.hours == about(expected["typ"])
    assert f"5th percentile {expected['p5']:.1f} h" in page.text("#sentence")
    for part in ("#range", "#components", "#day", "#tornado", "#map"):
        assert page.browser.find_elements(By.CSS_SELECTOR, f"{part} svg [class]"), part
    assert "amplifier" in page.text("#components")
    assert page.asked() == {page.served.server.url.rstrip("/")}
    assert page.complaints() == []


def test_moving_a_slider_changes_the_hours_as_the_model_says(page):
    page.open()
    before = page.hours
    page.move("scenario.phases.day.speech", 60)
    assert page.hours < before
    assert page.hours == about(page.expected(scenario__phases__day__speech=0.6)["typ"])
    page.move("scenario.radio.interval_s", 500)
    expected = page.expected(scenario__phases__day__speech=0.6, scenario__radio__interval_s=0.5)
    assert page.hours == about(expected["typ"])
    assert page.complaints() == []


def test_the_keyboard_moves_a_slider_and_takes_it_back(page):
    page.open()
    slider = page.slider("scenario.temperature")
    slider.send_keys(Keys.ARROW_LEFT * 13)
    page.settle()
    assert page.number("scenario.temperature").get_attribute("value") == "10"
    assert slider.get_attribute("aria-valuetext") == "10\N{NO-BREAK SPACE}\N{DEGREE SIGN}C"
    assert page.hours == about(page.expected(scenario__temperature=10)["typ"])
    undo = page.browser.find_element(By.CSS_SELECTOR, '[data-key="scenario.temperature"] .undo')
    undo.send_keys(Keys.ENTER)
    page.settle()
    assert page.hours == about(page.expected()["typ"])
    assert "scenario.temperature=" not in page.browser.current_url


def test_every_control_has_a_name_and_every_picture_says_what_it_shows(page):
    page.open()
    nameless = page.browser.execute_script(
        "return [...document.querySelectorAll('input, select, button')]"
        ".filter((one) => !(one.labels?.length || one.getAttribute('aria-label') || one.textContent.trim()))"
        ".map((one) => one.outerHTML)"
    )
    assert nameless == []
    pictures = page.browser.find_elements(By.CSS_SELECTOR, "svg")
    assert len(pictures) == 5
    assert all(len(one.get_attribute("aria-label")) > 20 for one in pictures)
    ids = page.browser.execute_script("return [...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_a_link_shows_the_same_again(page):
    page.open()
    page.move("cell_300mah.capacity", 150)
    page.move("scenario.cycles", 500)
    Select(page.browser.find_element(By.ID, "map-x")).select_by_value("scenario.cycles")
    page.settle()
    shown, link = page.hours, page.browser.current_url
    assert shown == about(page.expected(cell_300mah__capacity=540.0, scenario__cycles=500)["typ"])
    page.open("#" + link.partition("#")[2])
    assert page.hours == shown
    assert page.number("cell_300mah.capacity").get_attribute("value") == "150"
    assert Select(page.browser.find_element(By.ID, "map-x")).first_selected_option.text == "age, charge cycles"


def test_its_command_asks_the_same_of_power_report(page):
    page.open()
    page.move("cell_300mah.capacity", 150)
    page.move("scenario.phases.day.playback", 25)
    words = shlex.split(page.text("#command"))
    assert words[:6] == ["power", "report", "--scenario", "earpiece", "--board", "artemis"]
    assert words[6:8] == ["--ledger", "kept.json"]
    changes = [word for flag, word in zip(words[8::2], words[9::2], strict=True) if flag == "--set"]
    read = what_if.read(changes, figures.board_parts("artemis"), scenario("earpiece"))
    assert read == pytest.approx({"cell_300mah.capacity": 540.0, "scenario.phases.day.playback": 0.25})


def test_a_figure_without_a_slider_can_be_added(page):
    page.open()
    Select(page.browser.find_element(By.ID, "add")).select_by_value("apollo3.pdm")
    page.settle()
    page.move("apollo3.pdm", 20)
    assert page.hours == about(page.expected(apollo3__pdm=20e-6)["typ"])
    assert "apollo3.pdm=20uA" in page.text("#command")


def test_what_the_model_refuses_is_said_and_the_page_goes_on(page):
    page.open("#scenario=earpiece&board=artemis&apollo3.cpi=24")
    assert page.browser.find_element(By.ID, "error").is_displayed()
    assert "of the core's time" in page.text("#error")
    assert page.text("#hours-typ") == "\N{EN DASH}"
    page.move("apollo3.cpi", 2)
    assert not page.browser.find_element(By.ID, "error").is_displayed()
    assert page.hours == about(page.expected(apollo3__cpi=2)["typ"])


@pytest.mark.parametrize(
    "fragment",
    [
        "#nonsense",
        "#scenario=../../etc&board=%00",
        "#scenario=earpiece&apollo3.run=NaN&scenario.temperature=&x=nothing&y=nothing",
        "#scenario=earpiece&%3Cimg%20src=x%20onerror=alert(1)%3E=1",
    ],
)
def test_an_address_that_says_nonsense_shows_the_page_as_it_begins(page, fragment):
    page.open(fragment)
    assert page.hours == about(page.expected()["typ"])
    assert not page.browser.find_element(By.ID, "error").is_displayed()
    assert page.complaints() == []


def test_another_scenario_and_board_have_their_own_sliders(page):
    page.open()
    Select(page.browser.find_element(By.ID, "scenario")).select_by_value("always_on")
    page.settle()
    assert not page.browser.find_elements(By.CSS_SELECTOR, '[data-key="scenario.phases.day.speech"]')
    Select(page.browser.find_element(By.ID, "board")).select_by_value("apollo4p_evb")
    page.settle()
    assert page.browser.find_elements(By.CSS_SELECTOR, '[data-key="apollo4p.cpi"]')
    assert "scenario=always_on" in page.browser.current_url
    assert page.complaints() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_read_well_in_light_and_dark(page, scheme):
    """WCAG 2.2's contrast of at least 4.5 for every text that is not in a picture."""
    page.open(scheme=scheme)
    poor = page.browser.execute_script(
        """
        const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
        const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
          .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
          .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
        const behind = (one) => {
          for (let at = one; at; at = at.parentElement) {
            const colour = rgb(getComputedStyle(at).backgroundColor);
            if (colour.length < 4 || colour[3] > 0.99) return colour;
          }
          return [255, 255, 255];
        };
        const found = [];
        for (const one of document.querySelectorAll("body *:not(svg *):not(option)")) {
          const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
          if (!own || !one.getClientRects().length) continue;
          const [a, b] = [light(rgb(getComputedStyle(one).color)), light(behind(one))];
          const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          const text = one.textContent.trim().slice(0, 30);
          if (contrast < 4.5) found.push(`${one.tagName} ${text} ${contrast.toFixed(2)}`);
        }
        return found;
        """
    )
    assert poor == []
    paper = page.browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 26)")


@pytest.mark.parametrize("width", [320, 390, 768, 1920])
def test_it_fits_any_width(page, width):
    page.open(width=width)
    assert page.browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_on_a_phone_the_hours_stay_in_sight_while_a_slider_is_moved(page):
    page.open(width=390, height=844)
    page.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", page.slider("scenario.cycles"))
    top = page.browser.execute_script("return document.querySelector('#hours-typ').getBoundingClientRect().top")
    assert 0 <= top < 120
