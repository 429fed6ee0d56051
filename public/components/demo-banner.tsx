/** Says loudly that what is heard is a recording. */
import type { Ear } from "../ear.ts";

export function DemoBanner({ ear }: { readonly ear: Ear }) {
  if (ear.state.value?.audio.demo !== true) return null;
  return (
    <aside class="demo" aria-label="Demo audio" data-testid="demo-banner">
      <svg
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        aria-hidden="true"
      >
        <path d="M12 3a3 3 0 0 1 3 3v3M9 9v2a3 3 0 0 0 4.5 2.6M6 11a6 6 0 0 0 9.5 4.9M18 11a6 6 0 0 1-.4 2.1M12 17v4M4 3l16 18" />
      </svg>
      <p>
        <strong>Demo audio is playing: there is no microphone.</strong> What you see answers to a recording, not to this
        room. Plug in a microphone and Earshot switches to it by itself; <code>earshot devices</code> lists what this
        machine has.
      </p>
    </aside>
  );
}
