"""A notebook run from top to bottom in a clean kernel of its own, with limits of time, whatever is written in it."""

from __future__ import annotations

import asyncio
import math
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from .lab import missing

__all__ = ["Limits", "Outcome", "execute", "in_the_background"]

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """Seconds that one cell may take, and the whole notebook."""

    cell: float = 60.0
    whole: float = 600.0


@dataclass
class Outcome:
    """What became of a notebook: its cells with their outputs, what went wrong in which cell, how long it took.

    troubles: sentences, none when every cell ran; code cells are counted from 1
    """

    notebook: Any
    troubles: list[str] = field(default_factory=list)
    seconds: float = 0.0


async def execute(
    notebook: Mapping[str, Any],
    folder: Path,
    limits: Limits = Limits(),
    environment: Mapping[str, str] | None = None,
    keep_outputs: bool = True,
) -> Outcome:
    """Run every cell, also those after a cell that broke; a cell that hangs is interrupted, a deaf kernel is ended."""
    try:
        import nbformat
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    except ModuleNotFoundError as error:
        raise missing("nbclient") from error

    class Client(NotebookClient):  # type: ignore[misc]
        def output(self, outs: list[Any], msg: Any, display_id: Any, cell_index: int) -> Any:
            """A cell that prints for ever must not fill the memory where nobody reads it."""
            return super().output(outs, msg, display_id, cell_index) if keep_outputs else None

    began, made = time.monotonic(), Outcome(nbformat.from_dict(notebook))
    own_python = KernelSpecManager(kernel_dirs=[])  # without folders it knows one kernel alone: this very Python
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=own_python)
    client = Client(made.notebook, km=manager, store_widget_state=False, resources={"metadata": {"path": str(folder)}})
    client.reset_execution_trackers()
    started = client.async_setup_kernel(
        cleanup_kc=True,  # the manager is of our making, so nbclient would leave the kernel to us
        env=dict(environment) if environment is not None else None,
        stdout=subprocess.DEVNULL,  # what is written past the notebook belongs to nobody's terminal
        stderr=subprocess.DEVNULL,
    )
    code = 0
    async with started:
        for place, cell in enumerate(made.notebook.cells):
            if cell.cell_type != "code":
                continue
            code += 1
            left = limits.whole - (time.monotonic() - began)
            if left <= 0:
                made.troubles.append(f"the time of {limits.whole:g} s was over before code cell {code}")
                break
            client.timeout = math.ceil(min(limits.cell, left))  # whole seconds are what it takes
            try:
                await client.async_execute_cell(cell, place, execution_count=code)
            except CellTimeoutError:
                made.troubles.append(f"code cell {code} ran longer than {client.timeout:g} s")
                if not await _listens_again(client):
                    made.troubles.append("and could not be interrupted, so the rest was not run")
                    break
            except CellExecutionError as error:
                made.troubles.append(f"code cell {code} stopped: {error.ename}: {_short(error.evalue)}")
            except DeadKernelError:
                made.troubles.append(f"code cell {code} ended Python itself, so the rest was not run")
                break
    made.seconds = time.monotonic() - began
    return made


async def _listens_again(client: Any) -> bool:
    await client.km.interrupt_kernel()
    try:
        await client.kc.wait_for_ready(timeout=5)
    except RuntimeError:
        await client.km.shutdown_kernel(now=True)
        return False
    return True


def _short(text: str, most: int = 120) -> str:
    first = text.strip().partition("\n")[0]
    return first if len(first) <= most else first[: most - 1] + "…"


def in_the_background(work: Callable[[], Awaitable[T]]) -> T:
    """Run it in a thread with a loop of its own, and wait; Ctrl-C cancels it, and waits for it to tidy up.

    (In the main thread nbclient would take Ctrl-C for itself, and a notebook's own loop would be in the way.)

    >>> async def seven(): return 7
    >>> in_the_background(seven)
    7
    """
    told: dict[str, Any] = {}
    loop_is_there = threading.Event()

    async def whole() -> None:
        told["task"], told["loop"] = asyncio.current_task(), asyncio.get_running_loop()
        loop_is_there.set()
        told["result"] = await work()

    def thread() -> None:
        try:
            asyncio.run(whole())
        except BaseException as error:
            told["error"] = error
        finally:
            loop_is_there.set()

    worker = threading.Thread(target=thread, name="cutaway-notebooks")
    worker.start()
    interrupted = False
    while worker.is_alive():
        try:
            worker.join(0.2)
        except KeyboardInterrupt:
            interrupted = True
            loop_is_there.wait()
            if "task" in told:
                told["loop"].call_soon_threadsafe(told["task"].cancel)
    if "result" in told:
        return told["result"]  # type: ignore[no-any-return]
    if interrupted:
        raise KeyboardInterrupt
    raise told["error"]
