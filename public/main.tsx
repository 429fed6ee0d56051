/** The dashboard: ties the connection, the clock and the signals together and renders the page. */
import { effect } from "@preact/signals";
import { render } from "preact";
import { createActions } from "./actions.ts";
import { Page } from "./components/page.tsx";
import { Ear } from "./ear.ts";
import { Live, type LiveEvents, type LiveSocket } from "./live.ts";
import { showMood } from "./tab.ts";
import { pageTitle } from "./words.ts";

const TICK_MS = 250;

function socketAddress(page: Location): string {
  const address = new URL("ws", page.href);
  address.protocol = page.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

function openWebSocket(address: string, events: LiveEvents): LiveSocket {
  const socket = new WebSocket(address);
  socket.onmessage = (event) => events.onMessage(event.data);
  socket.onclose = () => events.onClose();
  return socket;
}

function start(root: HTMLElement): void {
  const ear = new Ear({ nowMs: () => performance.now(), wallMs: () => Date.now() });
  const actions = createActions((path, request) => fetch(path, request));
  let version: string | null = null;

  const live = new Live({
    openSocket: (events) => openWebSocket(socketAddress(location), events),
    nowMs: () => performance.now(),
    after: (delayMs, call) => {
      const timer = setTimeout(call, delayMs);
      return () => clearTimeout(timer);
    },
    random: Math.random,
    isOnline: () => navigator.onLine,
    onConnection: (connection) => {
      ear.connection.value = connection;
    },
    onMessage: (message) => {
      if (message.type === "hello") {
        // A server of another version brings a page of its own: this one may not understand it.
        if (version !== null && version !== message.state.version) location.reload();
        version = message.state.version;
      }
      ear.receive(message);
    },
  });

  effect(() => {
    document.title = pageTitle(ear.sentence.value, ear.state.value?.name ?? null);
  });
  effect(() => showMood(document, ear.sentence.value.mood));

  setInterval(() => ear.tick(), TICK_MS);
  addEventListener("online", () => live.retryNow());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    ear.tick();
    live.retryNow();
  });

  render(<Page ear={ear} actions={actions} here={location} retryNow={() => live.retryNow()} />, root);
  live.start();
}

const root = document.getElementById("page");
if (root !== null) start(root);
