"""What a real Chromium sees of a gallery: its first full screen, blanks, long tasks and memory."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

SCREEN = (1440, 900)
# What a cheap phone or an old laptop has of this machine's core.
THROTTLE = 4
_TIMEOUT_S = 120
_STEP_PX, _STEP_MS = 240, 16

# Long tasks from the beginning on; per frame, places of a raster over the box where no tile is.
_WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) longTasks.push(Math.round(task.duration));
}).observe({ type: "longtask", buffered: true });
window.frames_ = { seen: 0, bare: 0, empty: 0 };
window.watchFrames = () => {
  const box = document.getElementById("grid");
  const look = () => {
    const { left, top, width, height } = box.getBoundingClientRect();
    let [bare, empty] = [0, 0];
    for (let x = 1; x < 8; x += 1) for (let y = 1; y < 8; y += 1) {
      const down = Math.min(top + height * y / 8, innerHeight - 2);
      const found = document.elementFromPoint(left + width * x / 8, down);
      if (found === box || found?.classList.contains("grid-field")) bare += 1;
      else if (!found?.closest(".tile.drawn")) empty += 1;
    }
    frames_.seen += 1;
    if (bare > 7) frames_.bare += 1; // more than the gaps between rows
    if (empty > 24) frames_.empty += 1;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};
"""
_IN_SIGHT = """() => {
  const box = document.getElementById("grid");
  if (box === null) return false; // the page is still on its way
  const { top, bottom } = box.getBoundingClientRect();
  const tiles = [...box.querySelectorAll(".tile")].filter((tile) => {
    const at = tile.getBoundingClientRect();
    return at.bottom > top && at.top < Math.min(bottom, innerHeight);
  });
  return tiles.length > 0 && tiles.every((tile) => tile.classList.contains("drawn"));
}"""


@dataclass(frozen=True, slots=True)
class Scrolled:
    """Frames while the wheel turned, and what was not there in them."""

    frames: int
    bare_frames: int
    mostly_placeholders: int
    longest_task_ms: int
    heap_mb_before: float
    heap_mb_after: float
    elements: int


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """Open a page that watches itself; nothing is kept from the one before."""
    context = browser.new_context(viewport={"width": SCREEN[0], "height": SCREEN[1]})
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.goto(address, wait_until="commit", timeout=_TIMEOUT_S * 1000)
    yield page
    context.close()


def first_screen_ms(browser: Browser, address: str) -> float:
    """Return how long after it was asked for all tiles in sight are drawn."""
    started = time.perf_counter()
    with opened(browser, address) as page:
        wait(page, _IN_SIGHT)
        return 1000 * (time.perf_counter() - started)


def scroll(browser: Browser, address: str, *, seconds: int) -> Scrolled:
    """Turn the wheel for so long on a throttled CPU, then jump through the whole job."""
    with opened(browser, address) as page:
        wait(page, _IN_SIGHT)
        session = page.context.new_cdp_session(page)
        before = _heap_mb(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
        page.locator("#grid").hover()
        page.evaluate("() => { longTasks.length = 0; watchFrames(); }")
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            page.mouse.wheel(0, _STEP_PX)
            page.wait_for_timeout(_STEP_MS)
        frames = page.evaluate("() => frames_")
        longest = page.evaluate("() => Math.max(0, ...longTasks)")
        session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        for step in range(1, 101):
            page.evaluate(
                "(part) => { const box = document.getElementById('grid');"
                " box.scrollTop = box.scrollHeight * part; }",
                step / 100,
            )
            page.wait_for_timeout(100)
        wait(page, _IN_SIGHT)
        return Scrolled(
            frames=frames["seen"],
            bare_frames=frames["bare"],
            mostly_placeholders=frames["empty"],
            longest_task_ms=longest,
            heap_mb_before=before,
            heap_mb_after=_heap_mb(page),
            elements=page.locator("#grid *").count(),
        )


def wait(page: Page, function: str) -> None:
    """Wait until a function of the page is true: Playwright's own needs what the page forbids."""
    ends = time.perf_counter() + _TIMEOUT_S
    while not page.evaluate(function):
        if time.perf_counter() > ends:
            message = "the gallery is not on the screen"
            raise TimeoutError(message)
        page.wait_for_timeout(10)


def _heap_mb(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return round(used / 1e6, 1)
