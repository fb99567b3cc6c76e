"""Work of many requests in one thread, and news for those who listen."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tutelage.errors import BadInputError
from tutelage.serving.batches import Batches, TooBusyError
from tutelage.serving.live_events import LiveEvents


def test_each_request_gets_the_results_of_its_own_items() -> None:
    sizes = []

    def double(items: list[int]) -> list[int]:
        sizes.append(len(items))
        time.sleep(0.005)
        return [2 * item for item in items]

    async def ask() -> list[list[int]]:
        batches = Batches(double, largest=8, most_waiting=1000)
        batches.start()
        asked = [batches.submit([*range(i % 5)]) for i in range(60)]
        answers = await asyncio.gather(*asked)
        await batches.stop()
        return list(answers)

    assert asyncio.run(ask()) == [[2 * item for item in range(i % 5)] for i in range(60)]
    assert max(sizes) <= 8
    assert len(sizes) < 48, "requests that wait together must be handled together"


def test_a_fault_reaches_those_who_asked_and_no_other() -> None:
    def invert(items: list[float]) -> list[float]:
        return [1 / item for item in items]

    async def ask() -> list[object]:
        batches = Batches(invert, largest=1, most_waiting=10)
        batches.start()
        answers = await asyncio.gather(
            *(batches.submit([item]) for item in (2.0, 0.0, 4.0)), return_exceptions=True
        )
        await batches.stop()
        return list(answers)

    first, second, third = asyncio.run(ask())
    assert (first, third) == ([0.5], [0.25])
    assert isinstance(second, ZeroDivisionError)


def test_bad_input_of_one_request_fails_no_other_of_its_batch() -> None:
    def invert(items: list[float]) -> list[float]:
        if 0.0 in items:
            raise BadInputError("0 has no inverse")
        return [1 / item for item in items]

    async def ask() -> list[object]:
        batches = Batches(invert, largest=8, most_waiting=10)
        batches.start()
        answers = await asyncio.gather(
            *(batches.submit([item]) for item in (2.0, 0.0, 4.0)), return_exceptions=True
        )
        await batches.stop()
        return list(answers)

    first, second, third = asyncio.run(ask())
    assert (first, third) == ([0.5], [0.25])
    assert isinstance(second, BadInputError)


def test_more_than_may_wait_is_refused_at_once() -> None:
    go_on = threading.Event()

    def wait(items: list[int]) -> list[int]:
        go_on.wait(5)
        return items

    async def ask() -> list[object]:
        batches = Batches(wait, largest=1, most_waiting=3)
        batches.start()
        asked = [asyncio.create_task(batches.submit([i])) for i in range(6)]
        await asyncio.sleep(0.05)
        go_on.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert await batches.submit([9]) == [9]  # and then it goes on
        await batches.stop()
        return list(answers)

    answers = asyncio.run(ask())
    assert [0] in answers
    assert any(isinstance(answer, TooBusyError) for answer in answers)


def test_a_client_that_leaves_does_not_disturb_the_others() -> None:
    def wait(items: list[int]) -> list[int]:
        time.sleep(0.05)
        return items

    async def ask() -> list[int]:
        batches = Batches(wait, largest=10, most_waiting=10)
        batches.start()
        leaving = asyncio.create_task(batches.submit([1]))
        staying = asyncio.create_task(batches.submit([2]))
        await asyncio.sleep(0.01)
        leaving.cancel()
        answer = await staying
        await batches.stop()
        return answer

    assert asyncio.run(ask()) == [2]


def test_a_slow_listener_gets_the_latest_of_each_subject() -> None:
    async def listen() -> list[list[tuple[str, dict[str, int]]]]:
        events = LiveEvents(most_listeners=1)
        with events.listening() as listener:
            for i in range(1000):
                events.publish("device", f"phone {i % 3}", {"i": i})
            events.close()
            return [news async for news in listener.batches(0.0, 1.0)]

    (news,) = asyncio.run(listen())
    assert news == [("device", {"i": 999}), ("device", {"i": 997}), ("device", {"i": 998})]


def test_listeners_are_counted_and_let_go() -> None:
    events = LiveEvents(most_listeners=1)
    with events.listening():
        with pytest.raises(TooBusyError), events.listening():
            pass
        assert events.n_listeners == 1
    assert events.n_listeners == 0
    with events.listening():
        pass


def test_a_quiet_stream_tells_that_it_is_alive() -> None:
    async def listen() -> list[tuple[str, dict[str, int]]]:
        events = LiveEvents(most_listeners=1)
        with events.listening() as listener:
            async for news in listener.batches(0.0, 0.01):
                return news
        raise AssertionError("no batch")

    assert asyncio.run(listen()) == []


def test_a_listener_that_is_cancelled_as_news_arrive_ends() -> None:
    async def listen() -> bool:
        events = LiveEvents(most_listeners=1)
        with events.listening() as listener:

            async def follow() -> None:
                async for _ in listener.batches(0.0, 10.0):
                    pass

            following = asyncio.create_task(follow())
            await asyncio.sleep(0.01)
            events.publish("device", "phone", {})
            await asyncio.sleep(0)  # the news have woken the wait, and not yet the listener
            following.cancel()
            done, _ = await asyncio.wait([following], timeout=1.0)
            return bool(done)

    for _ in range(20):
        assert asyncio.run(listen())


def test_small_batches_stay_in_the_event_loop_and_large_ones_do_not() -> None:
    where: dict[int, int] = {}

    def note(items: list[int]) -> list[int]:
        where[len(items)] = threading.get_ident()
        return items

    async def ask() -> int:
        batches = Batches(note, largest=8, most_waiting=10, inline=2)
        batches.start()
        await batches.submit([1, 2])
        await batches.submit([1, 2, 3])
        await batches.stop()
        return threading.get_ident()

    loop = asyncio.run(ask())
    assert (where[2] == loop, where[3] == loop) == (True, False)
