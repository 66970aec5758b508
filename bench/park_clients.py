#!/usr/bin/env python3
"""Clients of a PHP application, each with one request, and one more that asks for something else meanwhile. For
bench/park.

Usage: park_clients.py HOST:PORT CLIENTS A_SECOND PATH OTHER_PATH COOKIE

Sends CLIENTS requests for PATH, so many a second. Who is told nothing new asks again at once, who is refused a second
later.
For each line of standard input it prints one JSON object:
    other SECONDS   asks for OTHER_PATH ten times a second, so long: how long each answer took
    posted          news were posted just now: waits until all have an answer, 60 s at most
    state           how many are waiting"""

import asyncio
import collections
import json
import resource
import sys
import time

from flood_client import answer


def percentiles(values):
    values = sorted(values)
    at = lambda share: values[min(len(values) - 1, int(share * len(values)))] if values else None
    return {"n": len(values), "p50": at(0.5), "p99": at(0.99), "last": at(1)}


class Clients:
    def __init__(self, host, port, count, a_second, path, other, cookie):
        self.host, self.port, self.count, self.a_second = host, int(port), int(count), float(a_second)
        self.paths = {"wait": path, "other": other}
        self.cookie = cookie
        self.waiting, self.statuses, self.answered_at = 0, collections.Counter(), []

    async def ask(self, path):
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {self.cookie}\r\n\r\n".encode())
            return await answer(reader)
        finally:
            writer.close()

    async def wait(self, delay):
        await asyncio.sleep(delay)
        while True:
            self.waiting += 1
            try:
                status, body = await self.ask(self.paths["wait"])
                if status == 200 and b'"entries":[]' in body:
                    status = "nothing new"
            except (OSError, asyncio.IncompleteReadError, ValueError) as e:
                status = type(e).__name__
            self.waiting -= 1
            self.statuses[str(status)] += 1
            if status == 200:
                self.answered_at.append(time.monotonic())
                return
            if status != "nothing new":
                await asyncio.sleep(1)

    async def other(self, seconds):
        """Ten a second, whether those before have an answer or not; who waits for 10 s has none."""
        took, statuses, began = [], collections.Counter(), time.monotonic()

        async def one():
            at = time.monotonic()
            try:
                status, _ = await asyncio.wait_for(self.ask(self.paths["other"]), 10)
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError) as e:
                status = type(e).__name__
            statuses[str(status)] += 1
            if status == 200:
                took.append(1000 * (time.monotonic() - at))
        asked = []
        while time.monotonic() - began < seconds:
            asked.append(asyncio.ensure_future(one()))
            await asyncio.sleep(0.1)
        await asyncio.gather(*asked)
        return {"ms": percentiles(took), "statuses": statuses}

    async def posted(self, clients):
        now = time.monotonic()
        await asyncio.wait(clients, timeout=60)
        return {"answered_ms": percentiles([1000 * (at - now) for at in self.answered_at if at > now]),
                "answered_before": sum(at <= now for at in self.answered_at), "statuses": self.statuses}

    async def go(self):
        clients = [asyncio.ensure_future(self.wait(i / self.a_second)) for i in range(self.count)]
        commands = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        while line := (await commands.readline()).decode().split():
            if line[0] == "other":
                result = await self.other(float(line[1]))
            elif line[0] == "posted":
                result = await self.posted(clients)
            else:
                result = {"waiting": self.waiting, "statuses": self.statuses}
            print(json.dumps(result), flush=True)
        for client in clients:
            client.cancel()


def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    host, port = sys.argv[1].split(":")
    asyncio.run(Clients(host, port, *sys.argv[2:]).go())


if __name__ == "__main__":
    main()
