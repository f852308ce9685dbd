"""Who does the runs of a sweep: this process, others on this machine (loky), or a Dask cluster that exists.

All are executors of `concurrent.futures`, and `outcomes` is the one map over them. A worker that dies takes no more
with it than what it and its neighbours had in hand: that is done again, one run at a time, and whichever dies alone
has failed.
"""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal

from simnet.experiments.sweeps.work import Job, Outcome, play
from simnet.results.run import RunError

PATIENCE = "10s"
"""How long a scheduler may take to answer."""
DIED = "the process that did it died, also when it did nothing else; is there enough memory?"


Verdict = Literal["again", "failed", "gone"]
"""Of a run whose worker is lost: it is done again, it has failed, or there is nobody left to do it."""


class Crew(ABC):
    """Workers, as a context: they are there inside of it."""

    workers = 1
    ahead = 3
    """Runs for each worker that are handed out at a time: more are lost with one that dies, fewer let others wait."""
    network = False
    """Whether its workers run the network themselves, where an answer is not known."""

    @abstractmethod
    def executor(self) -> Executor:
        """Where runs are submitted; another one where a worker has died."""

    def said(self, problem: BaseException) -> Verdict:
        """What an exception that is none of the run's own means for it."""
        return "again" if isinstance(problem, BrokenProcessPool) else "gone"

    def close(self, at_once: bool) -> None:  # noqa: B027 - who works alone has nobody to let go
        """Let them go; `at_once` with what they have in hand."""

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(at_once=kind is not None)


class Alone(Crew):
    """This process, one run after the other."""

    ahead = 1
    network = True

    def executor(self) -> Executor:
        """Submitting is doing."""
        return _Here()


class _Here(Executor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Processes(Crew):
    """So many processes of this machine."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: Any = None

    def executor(self) -> Executor:
        """A pool whose processes are all alive; they start anew where they are not."""
        from loky import get_reusable_executor

        # Reused only while it is sound. Ctrl-C is for whoever collects; a worker that is idle so long ends.
        self._pool = get_reusable_executor(self.workers, timeout=60, initializer=_deaf, reuse="auto")
        pool: Executor = self._pool
        return pool

    def close(self, at_once: bool) -> None:
        """See `Crew`."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=at_once)


def _deaf() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Cluster(Crew):
    """The workers of a Dask cluster. They run the network themselves: whether they see this machine's cache, who knows.

    Raises:
        RunError: there is no `distributed`, or no scheduler answers at the address.
    """

    network = True

    def __init__(self, address: str, most: int | None = None) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise RunError("--scheduler needs Dask: pip install 'simnet[cluster]'") from None
        try:
            from distributed.comm.addressing import get_address_host_port

            if not address.startswith(("inproc:", "ucx:")):  # which have none
                get_address_host_port(address)  # of a text that is no address Client would leave threads behind
            made: Any = Client  # it has no types
            self._client = made(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as problem:
            why = " ".join(str(problem).split()) or type(problem).__name__
            raise RunError(f"no Dask scheduler answers at {address} ({why[:200]})") from None
        threads = sum(self._client.nthreads().values())
        if not threads:
            self._client.close()
            raise RunError(f"the Dask scheduler at {address} has no workers")
        self.workers = threads if most is None else min(threads, most)

    def executor(self) -> Executor:
        """Dask's own."""
        found: Executor = self._client.get_executor(pure=False)
        return found

    def said(self, problem: BaseException) -> Verdict:
        """Dask has given a run to several workers before it says that it kills them."""
        return "failed" if type(problem).__name__ == "KilledWorker" else "gone"

    def close(self, at_once: bool) -> None:
        """The cluster stays."""
        with suppress(Exception):
            self._client.close()


def outcomes(crew: Crew, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome]]:
    """Do the runs, and tell of each as it is done.

    Where a worker lacks an answer of the network, this process does one such run itself, network and all; then the
    others are tried again, since what they lacked may be known by now.

    Raises:
        RunError: no more workers are to be had.
    """
    waiting, suspect, lacking = deque(jobs), deque[Job](), deque[Job]()
    held: dict[Future[Outcome], Job] = {}
    learned, begun = 0, dict[str, int]()
    """How often the network has run here, and how often it had when a run was handed out."""
    pool = crew.executor()
    while waiting or suspect or lacking or held:
        most = crew.ahead * crew.workers if waiting else 1
        source = waiting or suspect
        while source and len(held) < most:
            job = source.popleft()
            begun[job.name] = learned
            held[pool.submit(play, replace(job, network=crew.network))] = job
        if lacking:
            job = lacking.popleft()
            yield job, play(job)
            learned += 1
            waiting.extend(lacking)
            lacking.clear()
            continue
        alone, dead = len(held) == 1, list[Job]()
        for future in wait(held, return_when=FIRST_COMPLETED).done:
            job = held.pop(future)
            try:
                outcome = future.result()
            except Exception as problem:
                verdict = crew.said(problem)
                if verdict == "gone":
                    raise _gone(problem) from problem
                if verdict == "again" and not alone:
                    dead.append(job)
                    continue
                outcome = {"error": DIED}
                pool = crew.executor()
            if "unknown" in outcome:
                (lacking if begun[job.name] == learned else waiting).append(job)
            else:
                yield job, outcome
        if dead:
            suspect.extend([*dead, *held.values()])  # all that was in hand is lost with a pool
            held.clear()
            pool = crew.executor()


def _gone(problem: BaseException) -> RunError:
    why = " ".join(str(problem).split()) or type(problem).__name__
    return RunError(f"the workers are gone ({type(problem).__name__}: {why[:200]}); finished points are kept")
