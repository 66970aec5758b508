"""HTTP/1.1 over one kept connection, as much of it as nginx speaks to us. Distrusts everything: an answer that was
cut is none."""

import asyncio
import json


class Cut(Exception):
    """The connection ended before the answer did. Whether the request was carried out is not known."""


class Strange(Exception):
    """An answer that no server of ours may give."""


class HttpClient:
    def __init__(self, port):
        self.port = port
        self.reader = self.writer = None
        self.leave_in_mid_answer = False  # once: hang up as soon as the answer begins

    async def send(self, method, path, token, body=None, headers=""):
        """Sends a request, over a new connection if there is none."""
        try:
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
            content = b"" if body is None else json.dumps(body).encode()
            head = f"{method} {path} HTTP/1.1\r\nHost: prove\r\nAuthorization: Bearer {token}\r\n{headers}"
            if body is not None:
                head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
            self.writer.write(head.encode() + b"\r\n" + content)
            await self.writer.drain()
        except OSError as e:
            self.hang_up()
            raise Cut(str(e)) from e

    async def answer(self, seconds):
        """(status, seconds of Retry-After, what the JSON says). TimeoutError: none in that time."""
        try:
            async with asyncio.timeout(seconds):
                return await self._answer()
        except (OSError, asyncio.IncompleteReadError) as e:
            self.hang_up()
            raise Cut(str(e)) from e
        except BaseException:
            self.hang_up()
            raise

    async def ask(self, method, path, token, body=None, seconds=90):
        await self.send(method, path, token, body)
        return await self.answer(seconds)

    async def events(self, path, token, last_event_id, silent):
        """The events of a stream, one after the other: name, data, id. A status of 503 or 429 is an event "busy".
        TimeoutError: not a byte for `silent` seconds. Ends where the stream does; Cut, if that is not its end."""
        await self.send("GET", path, token, None, f"Accept: text/event-stream\r\nLast-Event-ID: {last_event_id}\r\n" if last_event_id
                        else "Accept: text/event-stream\r\n")
        reader = self.reader
        try:
            async with asyncio.timeout(silent):
                status, headers = await self._head(reader)
            if status in (503, 429):
                yield "busy", "{}", ""
                return
            if status != 200 or headers.get("content-type") != "text/event-stream":
                raise Strange(f"{status} with {headers}")
            text = b""
            async for piece in self._pieces(reader, headers, silent):
                text += piece
                while b"\n\n" in text:
                    one, _, text = text.partition(b"\n\n")
                    fields = dict(line.split(": ", 1) for line in one.decode().split("\n") if ": " in line)
                    if "event" in fields:
                        yield fields["event"], fields["data"], fields.get("id", "")
            if text:
                raise Strange(f"a stream that ends within an event: {text[-200:]!r}")
        except (OSError, asyncio.IncompleteReadError) as e:
            raise Cut(str(e)) from e

    async def _pieces(self, reader, headers, silent):
        if "content-length" in headers:  # a refusal that is an event
            yield await reader.readexactly(int(headers["content-length"]))
            return
        while True:
            async with asyncio.timeout(silent):
                size = int(await reader.readuntil(b"\r\n"), 16)
                chunk = (await reader.readexactly(size + 2))[:size]
            if size == 0:
                return
            yield chunk

    async def _head(self, reader):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return int(head[0].split()[1]), headers

    async def _answer(self):
        reader = self.reader  # somebody may hang up meanwhile
        if self.leave_in_mid_answer:
            await reader.readexactly(1)
            self.leave_in_mid_answer = False
            raise Cut("left in mid-answer")
        status, headers = await self._head(reader)
        if "content-length" not in headers:
            raise Strange(f"an answer without Content-Length: {status}")
        content = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.hang_up()
        try:
            return status, float(headers.get("retry-after", 0)), json.loads(content)
        except ValueError as e:
            raise Strange(f"{status} with a body that is no JSON: {content[:200]!r}") from e

    def hang_up(self):
        """In whatever state: the peer sees a reset or an end."""
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None
