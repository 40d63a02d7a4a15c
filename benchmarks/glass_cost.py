"""What does the glass cost, on the digits recipe: to the training that nobody watches, and to who watches it?

Four questions, each measured in turns with what it is compared with:

    step      from the click on Step to the screen that shows the next operation
    pause     from the click on Pause, while it plays as fast as it goes, to the screen that stands still
    unwatched run.train in a process whose run is open in a studio that nobody looks at, beside two that cannot even
              import the glass
    played    batches a second while the page plays, beside run.train in the same process

The first, second and fourth are measured in the system's Chromium (headless), which needs `pip install playwright`.

Rerun: python -m benchmarks.glass_cost
"""

from __future__ import annotations

import multiprocessing
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import Any

from cutaway.projects.digits.recipe import Recipe, new_run
from cutaway.training import machine

from .common import arguments, facts, interleaved, report, summary

STEP = """async (name) => {
  const place = document.querySelector('.where'), button = document.querySelector('[data-do=' + name + ']');
  const painted = () => new Promise((go) => requestAnimationFrame(() => { const c = new MessageChannel();
    c.port1.onmessage = go; c.port2.postMessage(0); }));
  const before = name === 'play' ? button.getAttribute('aria-label') : place.textContent;
  const now = () => (name === 'play' ? button.getAttribute('aria-label') : place.textContent);
  const changed = new Promise((go) => {
    const watch = new MutationObserver(() => now() === before || go(watch.disconnect()));
    watch.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  });
  const start = performance.now();
  button.click();
  await changed;
  await painted();
  return performance.now() - start;
}"""  # a message sent in a frame arrives when that frame, the first one after the change, has been painted
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, rounds=10, seconds=1.5).parse_args()
    about = facts(options.threads, options.seed)
    with machine.threads(options.threads):
        alone = unwatched(options)
        timings, clicks = watched(options)
    rows = []
    for name, values in (alone | timings).items():
        against = {"open": "bare", "bare again": "bare", "played": "trained"}.get(name, name)
        base = (alone if name in alone else timings)[against]
        ratio = median(b / a for a, b in zip(base, values, strict=True))
        rows.append((name, summary(values, 1e3, 2), f"{ratio:.3f}"))
    names = ("", "milliseconds a batch", "beside bare, or trained")
    report("glass_cost: the digits recipe", about, names, rows, options, alone | timings | clicks)
    played = median(a / b for a, b in zip(timings["trained"], timings["played"], strict=True))
    print(f"\nunwatched: {_ratio(alone):.1%} slower than without the glass; promise: at most 3 %")
    print(f"played in the page: {played:.0%} of the speed of run.train; promise: at least 60 %")
    for name, promise in (("step", 50), ("pause", 500)):
        values = [1e3 * v for v in clicks[name]]
        worst = quantiles(values, n=20)[-1]
        print(
            f"{name}: {median(values):.0f} ms from click to screen, 95 % within {worst:.0f}; promise: under {promise}"
        )


def _ratio(timings: dict[str, list[float]]) -> float:
    """How much slower an open run is than the mean of the two that have no glass."""
    rounds = zip(timings["bare"], timings["open"], timings["bare again"], strict=True)
    return median(2 * b / (a + c) for a, b, c in rounds) - 1


# -- a run that nobody watches ------------------------------------------------------------------------------
def unwatched(options: Any) -> dict[str, list[float]]:
    """Three processes take turns: in two the glass cannot be imported, in the other a studio is open on the run.

    How far the two that are alike differ says how much of a difference is the machine's.
    """
    spawn = multiprocessing.get_context("spawn")
    kinds: dict[str, Callable[[int], None]] = {}
    ends = []
    for name in ("bare", "open", "bare again"):
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=trainer, args=(name, theirs, options.threads, options.seed), daemon=True)
        process.start()
        ends.append((ours, process))
        kinds[name] = asking(ours)
    try:
        return interleaved(kinds, 3 * options.rounds, options.seconds / 2)
    finally:
        for ours, process in ends:
            ours.send(0)
            process.join()


def asking(end: Connection) -> Callable[[int], None]:
    """Have so many batches trained at the other end."""

    def work(batches: int) -> None:
        end.send(batches)
        end.recv()

    return work


def trainer(kind: str, asked: Connection, threads: int, seed: int) -> None:
    """Train as many batches as asked for, until it is none."""
    if kind != "open":
        sys.modules["cutaway.glass"] = None  # type: ignore[assignment]
    run = new_run(Recipe(seed=seed))
    keep = None
    if kind == "open":
        from cutaway.glass.studio import Session

        keep = Session(run)
        keep.handle({"cmd": "hello", "client": "page"})
    with machine.threads(threads):
        while batches := asked.recv():
            run.train(batches=batches, progress=False)
            asked.send(True)
    del keep


# -- a run in the page --------------------------------------------------------------------------------------
@contextmanager
def page(session: Any) -> Iterator[Any]:
    """The studio in Chromium."""
    import uvicorn
    from playwright.sync_api import sync_playwright

    from cutaway.glass.studio.server import application, listen

    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        sys.exit("There is no Chromium on this machine; on Debian: sudo apt install chromium")
    with listen() as port, sync_playwright() as player:
        server = uvicorn.Server(
            uvicorn.Config(application(session, "word"), log_level="critical", lifespan="off", ws="none")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [port]})
        thread.start()
        browser = player.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        try:
            shown = browser.new_page(viewport={"width": 1280, "height": 800})
            shown.goto(f"http://127.0.0.1:{port.getsockname()[1]}/word/")
            shown.locator(".where b").wait_for()
            sleep(1.0)
            yield shown
        finally:
            browser.close()
            server.should_exit = True
            thread.join()


def watched(options: Any) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds a batch trained and played, and seconds from click to screen."""
    from cutaway.glass.studio import Session

    run = new_run(Recipe(seed=options.seed))
    run.train(batches=100, progress=False)
    session = Session(run)
    timings: dict[str, list[float]] = {"trained": [], "played": []}
    clicks: dict[str, list[float]] = {"step": [], "pause": []}
    with page(session) as shown:
        for _ in range(20 + 6 * options.rounds):
            clicks["step"].append(shown.evaluate(STEP, "step") / 1e3)
            sleep(0.35 if len(clicks["step"]) % 2 else 0.1)  # half of them at rest, half in quick succession
        shown.get_by_role("radio", name="batch", exact=True).click()
        shown.locator("input[aria-label=Speed]").fill("6")  # as fast as it goes
        for _ in range(options.rounds):
            with session._lock:  # the page asks for news now and then; it waits
                start, batch = perf_counter(), run.batch
                while perf_counter() - start < options.seconds:
                    run.train(batches=10, progress=False)
                timings["trained"].append((perf_counter() - start) / (run.batch - batch))
            shown.evaluate(STEP, "play")
            sleep(0.2)
            start, batch = perf_counter(), run.batch
            sleep(options.seconds)
            timings["played"].append((perf_counter() - start) / max(1, run.batch - batch))
            clicks["pause"].append(shown.evaluate(STEP, "play") / 1e3)
            sleep(0.4)
    return timings, clicks


if __name__ == "__main__":
    main()
