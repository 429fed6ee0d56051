#!/usr/bin/env python3
"""A relay for Earshot that fits on a page: it sends what a microphone hears, the hub listens for the wake word.

Python 3.8 or newer, the package `websockets` (Debian: python3-websockets), and arecord (Debian: alsa-utils).
    relay.py ws://hub:7171/relay kitchen TOKEN      the token comes from `earshot token add kitchen` on the hub
    relay.py ws://localhost:7171/relay kitchen      on the hub's own machine
    SSL_CERT_FILE=earshot-ca.crt relay.py wss://hub.local:7171/relay kitchen TOKEN      after `earshot tls init` there
docs/protocol.md says what all of this means.
"""
import asyncio, json, random, struct, sys, time
import websockets

RATE, PIECE = 16000, 1280                   # samples a second; samples of one frame: 80 ms
HEADER = struct.Struct("<BBHIIIQQd")        # version, kind, 0, connection, number, sequence, fence, first sample, time
STREAM = 2                                  # the kind of a frame: all that this relay hears
RECORD = ["arecord", "-q", "-t", "raw", "-f", "S16_LE", "-r", str(RATE), "-c", "1"]


def now_ms():
    return time.monotonic() * 1000


async def send_sound(hub, connection):
    microphone = await asyncio.create_subprocess_exec(*RECORD, stdout=asyncio.subprocess.PIPE)
    try:
        sequence = 0
        while True:
            pcm = await microphone.stdout.readexactly(2 * PIECE)
            at_ms = now_ms() - 1000 * PIECE / RATE
            await hub.send(HEADER.pack(1, STREAM, 0, connection, 0, sequence, 0, sequence * PIECE, at_ms) + pcm)
            sequence += 1
    finally:
        if microphone.returncode is None:
            microphone.kill()


async def follow(hub):
    """Does what the hub says, until it says goodbye: then returns how long to stay away, in seconds."""
    sound = None
    try:
        while True:
            # The hub pings every second: silence means that it is gone.
            message = await asyncio.wait_for(hub.recv(), 4.5)
            if isinstance(message, bytes):
                continue                    # the sound of a reply: this relay has no loudspeaker
            said = json.loads(message)
            if said["type"] == "ping":
                await hub.send(json.dumps({"type": "pong", "ping": said["ping"], "atMs": now_ms()}))
            elif said["type"] == "welcome":
                print(f"part of the house of {said['hub']} as {said['id']}", flush=True)
                sound = asyncio.ensure_future(send_sound(hub, said["connection"]))
            elif said["type"] in ("refused", "bye"):
                print(f"sent away: {said['message']} ({said['hint']})", flush=True)
                return said["retryAfterMs"] / 1000
            elif said["type"] in ("granted", "cancelled", "over", "reply", "error"):
                print(said, flush=True)     # here a lamp would go on, or off
            if sound is not None and sound.done():
                print(f"no sound comes from arecord: {sound.exception()}", flush=True)
                return 0
    finally:
        if sound is not None:
            sound.cancel()
            await asyncio.gather(sound, return_exceptions=True)


async def main(url, name, token=None):
    capabilities = {"detects": False, "evidence": False, "onset": False, "asks": False, "plays": False}
    hello = {"type": "hello", "versions": [1], "id": name, "capabilities": capabilities, "software": "relay.py"}
    subprotocols = ["earshot.relay.v1"] + ([f"token.{token}"] if token else [])
    wait_s = 0.25
    while True:
        stay_away_s = 0
        try:
            async with websockets.connect(url, subprotocols=subprotocols, ping_interval=None, close_timeout=1) as hub:
                await hub.send(json.dumps(hello))
                began_ms = now_ms()
                try:
                    stay_away_s = await follow(hub)
                finally:
                    wait_s = 0.25 if now_ms() - began_ms > 10_000 else wait_s
        except (OSError, EOFError, asyncio.TimeoutError, websockets.WebSocketException) as error:
            print(f"no hub: {error or type(error).__name__}", flush=True)
        # Never all relays at once: each waits a time of its own.
        wait_s = min(8, 2 * wait_s)
        await asyncio.sleep(max(stay_away_s, wait_s) * random.uniform(0.5, 1) + stay_away_s / 2)


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        pass
