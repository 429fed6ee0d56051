/** A relay that does nothing with what it is told, and a house in which nothing follows. */
import type { HouseEvents } from "../../src/hub/hub.ts";
import type { RelayVoice } from "../../src/hub/seat.ts";

const nothing = () => {};

export const SILENT_VOICE: RelayVoice = {
  ask: nothing,
  granted: nothing,
  cancelled: nothing,
  rejected: nothing,
  over: nothing,
  enough: nothing,
  reply: nothing,
  displaced: nothing,
};

export const NO_EVENTS: HouseEvents = { contended: nothing, granted: nothing, sound: nothing, over: nothing };
