#!/usr/bin/env python3
"""Asks for the same again and again on many connections, whatever the answers say, and prints what they were. For
bench/floods.

Usage: flood_client.py HOST:PORT SOURCE_ADDRESS CONNECTIONS SECONDS < requests (one JSON object a line: method, path,
headers, body)

Each connection takes the requests in turn. Ends by itself. {n} in a path or body is a number that no other request
has."""

import asyncio
import collections
import itertools
import json
import sys

SERIAL = itertools.count(1)


def bytes_of(request):
    n = f"{next(SERIAL):08d}"
    body = request.get("body", "").replace("{n}", n).encode()
    head = [f"{request['method']} /api{request['path'].replace('{n}', n)} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    head += [f"{name}: {value.replace('{n}', n)}" for name, value in request.get("headers", {}).items()]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


async def answer(reader):
    """(status, body); nginx sends chunks where it does not know the length."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = int(head.split(" ", 2)[1])
    fields = {k.lower(): v for k, v in (line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)}
    if "content-length" in fields:
        return status, await reader.readexactly(int(fields["content-length"]))
    body = b""
    while size := int((await reader.readline()).strip(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return status, body


async def ask_for_ever(address, source, requests, counted):
    host, port = address
    while True:
        try:
            reader, writer = await asyncio.open_connection(host, port, local_addr=(source, 0), limit=1 << 20)
            while True:
                writer.write(bytes_of(next(requests)))
                status, _ = await answer(reader)
                counted[str(status)] += 1
        except (OSError, asyncio.IncompleteReadError, ValueError) as e:
            counted[type(e).__name__] += 1
            await asyncio.sleep(0.05)


async def main():
    host, port = sys.argv[1].split(":")
    source, connections, seconds = sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    requests = itertools.cycle([json.loads(line) for line in sys.stdin])
    counted = collections.Counter()
    everybody = [asyncio.ensure_future(ask_for_ever((host, int(port)), source, requests, counted)) for _ in range(connections)]
    await asyncio.sleep(seconds)
    for one in everybody:
        one.cancel()
    print(json.dumps(counted))


if __name__ == "__main__":
    asyncio.run(main())
