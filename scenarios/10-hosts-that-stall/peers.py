#!/usr/bin/env python3
"""Mail hosts that are quick, slow or silent by their address, and the clients that send to them.

peers.py zone          prints the zone test.
peers.py run MESSAGES  sends; exit status 1 when unrelated mail took over 2 s (median) or 10 s (99 %)
"""
import asyncio
import itertools
import os
import resource
import sys
import time

ROUTER = ("127.0.0.1", 2525)
SILENT, BUSY, SLOW = 25, 50, 1000
PHASES = 4
PROBES = 40  # in one phase, each twice: to a domain met before, and to one never met
BUSY_TAKES, SLOW_TAKES = 2.0, 8.0


def zone():
    out = [
        "$ORIGIN test.\n$TTL 3600\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 198.18.0.1",
        "idle MX 10 mx.idle\nmx.idle A 198.18.10.1",
    ]
    for name, count, network in (
        ("silent", SILENT, 20),
        ("busy", BUSY, 30),
        ("slow", SLOW, 40),
        ("idle", PHASES * PROBES, 50),
    ):
        for i in range(count):
            # Four next hops share one address, as customers of a provider do; idle ones do not.
            at = i if name == "idle" else i // 4
            out.append(f"{name}{i} MX 10 mx.{name}{i}\nmx.{name}{i} A 198.18.{network + at // 250}.{1 + at % 250}")
    print("\n".join(out))


came = {}


async def host(reader, writer):
    """By its own address: 20 to 29 silent, 30 to 39 busy, 40 to 49 slow, the others quick."""
    network = int(writer.get_extra_info("sockname")[0].split(".")[2])
    try:
        if 20 <= network < 30:
            await asyncio.sleep(600)
            return
        writer.write(b"220 mx ESMTP\r\n")
        recipient = b""
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-mx\r\n250 PIPELINING\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                while await reader.readline() not in (b".\r\n", b""):
                    pass
                if 30 <= network < 40:
                    await asyncio.sleep(BUSY_TAKES)
                elif 40 <= network < 50:
                    await asyncio.sleep(SLOW_TAKES)
                came.setdefault(recipient, time.monotonic())
                writer.write(b"250 ok\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                if verb == b"RCPT":
                    recipient = line.split(b"<")[1].split(b">")[0]
                writer.write(b"250 ok\r\n")
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


class Client:
    async def open(self):
        self.reader, self.writer = await asyncio.open_connection(*ROUTER)
        await self.reply()
        self.writer.write(b"EHLO client.test\r\n")
        await self.reply()
        return self

    async def reply(self):
        while (line := await self.reader.readline())[3:4] == b"-":
            pass
        return line

    async def send(self, sender, recipient, notify=""):
        self.writer.write(f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>{notify}\r\nDATA\r\n".encode())
        replies = [await self.reply() for _ in range(3)]
        if not replies[2].startswith(b"354"):
            raise SystemExit(f"not taken: {replies}")
        self.writer.write(b"Subject: x\r\n\r\nx\r\n.\r\n")
        reply = await self.reply()
        if not reply.startswith(b"250"):
            raise SystemExit(f"not taken: {reply}")


async def many(mails, connections=20):
    mails = iter(mails)

    async def one():
        while batch := list(itertools.islice(mails, 500)):  # a session may not last for ever
            client = await Client().open()
            for mail in batch:
                await client.send(*mail)
            client.writer.close()

    began = time.monotonic()
    await asyncio.gather(*(one() for _ in range(connections)))
    return time.monotonic() - began


async def phase(number, what, mails):
    load = asyncio.create_task(many(mails))
    client = await Client().open()
    sent = {}
    for i in range(PROBES):
        for recipient in (f"p{number}-{i}@idle.test", f"p{number}-{i}@idle{number * PROBES + i}.test"):
            await client.send("friend@idle.test", recipient)
            sent[recipient.encode()] = time.monotonic()
        await asyncio.sleep(0.5)
    took = await load
    end = time.monotonic() + 15
    while time.monotonic() < end and not all(r in came for r in sent):
        await asyncio.sleep(0.1)
    waits = sorted(came.get(r, time.monotonic()) - at for r, at in sent.items())
    median, most = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    print(f"   {what}: accepted in {took:.0f} s; unrelated mail took {max(median, 0):.2f} s (median), {most:.2f} s (99 %)", flush=True)
    client.writer.close()
    return median <= 2 and most <= 10


async def run(messages):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    await asyncio.start_server(host, "0.0.0.0", 25, backlog=1000)
    good = await phase(0, "nothing else", [])
    good &= await phase(
        1,
        f"{SILENT} silent domains, five success notifications each",
        [(f"s@silent{i % SILENT}.test", "r@idle.test", " NOTIFY=SUCCESS") for i in range(5 * SILENT)],
    )
    good &= await phase(
        2,
        f"{BUSY} domains with 300 messages each",
        [("s@bulk.test", f"r{i}@busy{i % BUSY}.test") for i in range(300 * BUSY)],
    )
    good &= await phase(
        3,
        f"{messages} messages for {SLOW} slow next hops",
        [("s@bulk.test", f"r{i}@slow{i % SLOW}.test") for i in range(messages)],
    )
    sys.stdout.flush()
    os._exit(0 if good else 1)  # with thousands of conversations under way


if sys.argv[1] == "zone":
    zone()
else:
    asyncio.run(run(int(sys.argv[2])))
