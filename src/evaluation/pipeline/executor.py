"""How pytask runs the steps of a study: side by side, the next one as soon as there is room, and stopped as one.

pytask asks its plugins how a build is executed (hook `pytask_execute_build`); this is the plugin.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import pytask

from evaluation.pipeline.interruption import stop_if_asked

AT_ONCE = 0.1  # seconds between two looks at whether what was told to stop has stopped


class SideBySide:
    """Runs the tasks of a session in threads, `jobs` at a time; `stop` ends early what the tasks wait for."""

    def __init__(self, jobs: int, stop: Callable[[], None]):
        self.jobs, self.stop = jobs, stop
        self.stopped_by: BaseException | None = None

    @pytask.hookimpl(tryfirst=True)
    def pytask_execute_build(self, session: pytask.Session) -> bool:
        """Run every task whose turn comes; end all of them when one fails or this process is asked to stop."""
        running: dict[Future[Any], str] = {}
        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                self._run(session, pool, running)
            except BaseException as error:  # pytask would go on after some, and print others
                self.stopped_by = error
            finally:
                for future in running:
                    future.cancel()
                while not all(future.done() for future in running):
                    self.stop()
                    wait(running, timeout=AT_ONCE)
        return True

    def _run(self, session: pytask.Session, pool: ThreadPoolExecutor, running: dict[Future[Any], str]) -> None:
        schedule: Any = session.scheduler
        while schedule.is_active() and not session.should_stop:
            stop_if_asked()
            room = self.jobs - len(running)
            for name in schedule.get_ready(room) if room else ():
                task = session.dag.nodes[name]
                try:
                    session.hook.pytask_execute_task_setup(session=session, task=task)
                except Exception:
                    _report(session, name, sys.exc_info())
                else:
                    running[pool.submit(session.hook.pytask_execute_task, session=session, task=task)] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                _finish(session, running.pop(future), future)


def _finish(session: pytask.Session, name: str, future: Future[Any]) -> None:
    """Take in what a task left: its products, or the exception that ended it."""
    try:
        future.result()
        session.hook.pytask_execute_task_teardown(session=session, task=session.dag.nodes[name])
    except Exception:
        _report(session, name, sys.exc_info())
    else:
        _report(session, name, None)


def _report(session: pytask.Session, name: str, error: Any) -> None:
    task: Any = session.dag.nodes[name]
    made = pytask.ExecutionReport
    report = made.from_task_and_exception(task, error) if error else made.from_task(task)
    session.hook.pytask_execute_task_process_report(session=session, report=report)
    session.execution_reports.append(report)
    session.scheduler.done(name)  # type: ignore[union-attr]
