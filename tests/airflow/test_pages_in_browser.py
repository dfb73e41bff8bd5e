"""The pages in headless Chromium, from a real API server: states, clicks, keyboard, screen reader.

``SCREENSHOTS=folder`` keeps pictures of the pages, to be looked at.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow import page_records
from tests.airflow.browser import CHROMIUM, Browser, Tab
from tests.airflow.conftest import connect
from tests.airflow.harness import RealAirflow
from tests.airflow.page_records import CONNECTION, DAG, LONG, RUN
from tests.airflow.page_users.names import PRIVATE
from tests.airflow.recorded import write

LINE = tuple(map(int, version("apache-airflow").split(".")[:2]))
pytestmark = [
    pytest.mark.skipif(LINE < (3, 1), reason="this Airflow has no pages of plugins"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]
PHONE, DESK = 390, 1280
TASKS = ["running", "array", "live", "stuck", LONG, "retried", "dry_run", "other"]


@dataclass(kw_only=True)
class Site:
    """An API server with records, and a signed-in tab."""

    airflow: RealAirflow
    aws: LocalBatch
    tab: Tab

    def show(self, path: str) -> Tab:
        """Open a page of ours, alone."""
        self.tab.go(f"{self.airflow.url}/fargate-batch/{path}")
        self.tab.until(f"location.pathname.endsWith({path.partition('?')[0]!r})")
        self.tab.until("document.readyState == 'complete' && document.querySelector('h1')")
        return self.tab

    def task(self, task_id: str) -> Tab:
        return self.show(f"task/{DAG}/{task_id}/none/{RUN}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("airflow")
    with (
        LocalBatch(speed=50) as aws,
        RealAirflow(home=home, only="api-server") as airflow,
        Browser() as browser,
    ):
        connect(airflow, aws, CONNECTION)
        write(airflow.environment, page_records.records(aws))
        tab = browser.open(f"{airflow.url}/auth/token/login")  # everybody is an administrator
        tab.until("document.cookie.includes('_token') || location.pathname == '/'")
        yield Site(airflow=airflow, aws=aws, tab=tab)
        tab.close()


@pytest.fixture(autouse=True)
def no_errors_in_the_console(site: Site) -> Iterator[None]:
    site.tab.errors.clear()
    yield
    site.tab.value("1")  # reads what the browser has reported
    others = ("favicon", "/api/v2/", "/ui/")  # Airflow's own pages ask for DAGs never parsed
    assert [text for text in site.tab.errors if not any(map(text.__contains__, others))] == []


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("task_id", [*TASKS, None], ids=lambda name: (name or "jobs")[:20])
def test_a_page_fits_its_width_and_can_be_read(
    site: Site, task_id: str | None, scheme: str, width: int
) -> None:
    """Nothing but tables and logs scrolls sideways, and every text has a contrast of 4.5 to 1."""
    site.tab.resize(width)
    site.tab.prefer(scheme)
    tab = site.show("jobs") if task_id is None else site.task(task_id)
    assert tab.value("document.documentElement.dataset.theme") == scheme
    _picture(tab, f"{(task_id or 'jobs')[:20]}-{scheme}-{width}")
    assert (
        tab.value("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        <= 0
    )
    assert tab.value(WEAK_TEXTS) == []


@pytest.mark.parametrize("task_id", [*TASKS, None], ids=lambda name: (name or "jobs")[:20])
def test_every_control_has_a_name_a_role_and_a_place_in_the_order_of_tab(
    site: Site, task_id: str | None
) -> None:
    site.tab.resize(DESK)
    tab = site.show("jobs") if task_id is None else site.task(task_id)
    wanted = tab.value(f"{CONTROLS}.length")
    tab.value("document.activeElement.blur()")
    reached = []
    for _ in range(wanted):
        tab.press("Tab")
        reached.append(tab.value(f"{CONTROLS}.indexOf(document.activeElement)"))
        assert tab.value(HAS_VISIBLE_FOCUS), tab.value("document.activeElement.outerHTML")
    assert reached == list(range(wanted))
    nodes = tab.accessible()
    roles = {"button", "link", "textbox", "searchbox", "combobox", "region", "DisclosureTriangle"}
    assert [node for node in nodes if node[0] in roles and not node[1]] == []
    assert ("status", "") in nodes or any(role == "status" for role, _ in nodes)


@pytest.mark.parametrize("task_id", [*TASKS, None], ids=lambda name: (name or "jobs")[:20])
def test_headings_begin_with_one_of_the_first_level_and_leave_none_out(
    site: Site, task_id: str | None
) -> None:
    tab = site.show("jobs") if task_id is None else site.task(task_id)
    levels = tab.value("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= level + 1 for level, later in pairwise(levels))
    assert tab.value("document.documentElement.lang") == "en"
    ids = tab.value("[...document.querySelectorAll('[id]')].map(each => each.id)")
    assert len(ids) == len(set(ids))


def test_a_screen_reader_hears_a_change_of_the_state_and_no_repetition(site: Site) -> None:
    tab = site.task("running")
    tab.until("document.querySelector('#news').textContent == 'RUNNING'")
    tab.value(
        "window.said = 0; new MutationObserver(() => window.said++).observe(document"
        ".querySelector('#news'), {childList: true, characterData: true, subtree: true}); 1"
    )
    tab.value(REFRESH)
    assert tab.value("window.said") == 0
    tab.value(
        "document.querySelector('#state').dataset.news = 'SUCCEEDED'; document.dispatchEvent("
        "new CustomEvent('htmx:afterSettle', {detail: {elt: document.body}})); 1"
    )
    assert tab.value("document.querySelector('#news').textContent") == "SUCCEEDED"


def test_a_click_on_a_failed_child_shows_its_exit_code_and_log(site: Site) -> None:
    tab = site.task("array")
    assert tab.value("document.querySelectorAll('.grid > *').length") <= 400
    tab.value("document.querySelector('.grid a').click()")
    tab.until("document.querySelector('#child-3').open")
    tab.until("document.querySelector('#child-3').innerText.includes('it broke')")
    assert "exit code 3" in tab.value("document.querySelector('#child-3 summary').innerText")
    assert tab.value("document.activeElement.id") == "child-3-title"


def test_the_keyboard_opens_a_failed_child(site: Site) -> None:
    tab = site.task("live")
    tab.value("document.querySelector('#child-5-title').focus()")
    tab.press("Enter")
    tab.until("document.querySelector('#child-5').innerText.includes('child 5 broke')")


def test_a_refresh_keeps_what_is_open_and_where_the_focus_is(site: Site) -> None:
    tab = site.task("live")
    tab.value("document.querySelector('#child-5-title').click()")
    tab.until("document.querySelector('#child-5').innerText.includes('child 5 broke')")
    tab.value("document.querySelector('#arguments').open = true")
    tab.value("document.querySelector('#fact-1').focus()")
    tab.value("document.querySelector('#state').dataset.old = 'yes'")
    tab.value(REFRESH)
    assert tab.value("document.querySelector('#state').dataset.old") is None
    assert tab.value("document.querySelector('#child-5').open")
    assert "child 5 broke" in tab.value("document.querySelector('#child-5').innerText")
    assert tab.value("document.querySelector('#arguments').open")
    assert tab.value("document.activeElement.id") == "fact-1"


def test_the_log_of_a_running_job_is_followed_until_a_reader_scrolls_back(site: Site) -> None:
    tab = site.task("running")
    tab.until("document.querySelector('.log pre')")
    tab.until("document.querySelector('.log pre').innerText.includes('line 99')")
    tab.until(AT_END)
    tab.value("document.querySelector('.log pre').scrollTop = 0")
    tab.value(REFRESH)
    assert not tab.value(AT_END)
    assert "line 99" in tab.value("document.querySelector('.log pre').innerText")


def test_each_try_has_its_job(site: Site) -> None:
    tab = site.task("retried")
    text = tab.value("document.querySelector('.tries').innerText")
    assert text.count("Try ") == 3
    assert text.count("job ") >= 2
    assert text.count("exit code 3") >= 2


def test_a_task_in_the_list_opens_in_airflow(site: Site) -> None:
    """The tab of the task is a page of ours again, in Airflow's frame."""
    tab = site.tab
    tab.resize(1100, 800)
    tab.prefer("light")
    tab.go(f"{site.airflow.url}/plugin/fargate-jobs")
    tab.until("document.querySelector('a[data-airflow*=running]')", framed=True)
    _picture(tab, "jobs-in-airflow")
    tab.framed("document.querySelector('a[data-airflow*=running]').click()")
    tab.until(f"location.pathname.startsWith('/dags/{DAG}/runs/')")
    tab.until("document.querySelector('#state h1')?.innerText.includes('RUNNING')", framed=True)
    _picture(tab, "in-airflow")


def test_a_page_is_light_or_dark_as_airflow_is(site: Site) -> None:
    tab = site.tab
    tab.go(f"{site.airflow.url}/plugin/fargate-jobs")
    tab.until("document.querySelector('h1')", framed=True)
    for scheme in ("dark", "light", "dark"):
        tab.value(f"document.documentElement.className = {scheme!r}")
        tab.until(f"document.documentElement.dataset.theme == {scheme!r}", framed=True)


def test_the_list_is_searched_by_dag_queue_and_text(site: Site) -> None:
    tab = site.show("jobs")
    tab.value(f"document.querySelector('select[name=dag]').value = {PRIVATE!r}")
    tab.value("document.querySelector('form').requestSubmit()")
    tab.until(f"location.search.includes('dag={PRIVATE}') && document.readyState == 'complete'")
    rows = "[...document.querySelectorAll('#recent ~ .wide tbody tr')].map(row => row.innerText)"
    assert [row for row in tab.value(rows) if "secret_task" in row] == tab.value(rows)
    tab = site.show("jobs?queue=no-such-queue")
    assert tab.value(rows) == ["No jobs."]
    tab = site.show("jobs?queue=high-priority&text=retried")
    assert len(tab.value(rows)) == 1


def test_without_aws_the_pages_say_so_and_show_what_airflow_recorded(site: Site) -> None:
    fault = site.aws.faults.add("throttle")
    try:
        tab = site.task("stuck")
        tab.until("document.querySelector('.stale')")
        assert "AWS does not answer" in tab.value("document.body.innerText")
    finally:
        site.aws.faults.remove(fault)


def _picture(tab: Tab, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        tab.screenshot(Path(folder) / f"{name}.png")


CONTROLS = (
    "[...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary,"
    ' [tabindex="0"]\')].filter(each => each.tabIndex >= 0 && each.checkVisibility())'
)
HAS_VISIBLE_FOCUS = (
    "(() => { const style = getComputedStyle(document.activeElement);"
    " return (style.outlineStyle != 'none' && parseFloat(style.outlineWidth) > 0)"
    " || style.boxShadow != 'none'; })()"
)
AT_END = (
    "(() => { const lines = document.querySelector('.log pre');"
    " return lines.scrollTop > 0"
    " && lines.scrollHeight - lines.scrollTop - lines.clientHeight < 8; })()"
)
REFRESH = (
    "new Promise(done => { document.addEventListener('htmx:afterSettle', () => done(1),"
    " {once: true}); htmx.trigger('#state', 'now'); const state = document.querySelector('#state');"
    " htmx.ajax('GET', state.getAttribute('hx-get'), {target: '#state', swap: 'outerHTML'}); })"
)
WEAK_TEXTS = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => color.slice(0, 3)
    .map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = rgba(getComputedStyle(each).backgroundColor);
      if (color[3] > 250) return color;
    }
    return [255, 255, 255, 255];
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility() || element.closest('.unseen, title, option')) continue;
    const both = [light(rgba(getComputedStyle(element).color)), light(behind(element))];
    const contrast = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    if (contrast < 4.5) weak.push(`${text.slice(0, 40)}: ${contrast.toFixed(2)}`);
  }
  return weak;
})()
"""
