/** Every microphone that is listened to, where there are more than this machine's own: how loud, and how it does. */
import { useComputed } from "@preact/signals";
import type { StreamView } from "../../src/web/schemas.ts";
import type { Ear } from "../ear.ts";
import { scalePosition } from "../meter.ts";
import { describeLag, describeLoss, describeStream } from "../words.ts";

export function Microphones({ ear }: { readonly ear: Ear }) {
  const streams = ear.state.value?.streams ?? [];
  if (streams.length < 2) return null;
  return (
    <section class="card microphones" aria-labelledby="microphones-title" data-testid="microphones">
      <h2 id="microphones-title">
        Microphones <span class="how-many">{howMany(streams)}</span>
      </h2>
      <ul>
        {streams.map((stream) => (
          <Microphone key={`${stream.id} ${stream.since}`} ear={ear} stream={stream} />
        ))}
      </ul>
    </section>
  );
}

/** With many, those that give nothing are not to be looked for. */
function howMany(streams: readonly StreamView[]): string {
  const silent = streams.filter((stream) => stream.state === "waiting").length;
  return silent === 0 ? `${streams.length}` : `${streams.length}, ${silent} without sound`;
}

function Microphone({ ear, stream }: { readonly ear: Ear; readonly stream: StreamView }) {
  const { id } = stream;
  const known = ear.freshness.value === "live";
  const asleep = useComputed(() =>
    id === 0 ? ear.asleep.value : ear.streamLevels.value.get(id)?.asleep === true,
  ).value;
  const liveLag = useComputed(() => describeLag(ear.streamLevels.value.get(id)?.lagMs ?? 0)).value;
  const { mood, word, detail } = describeStream({ state: stream.state, asleep });
  const lag = id === 0 ? describeLag(stream.lagMs) : liveLag;
  const pace = [lag, describeLoss(stream.lostSamples)].filter((part) => part !== null).join(", ");
  return (
    <li class="microphone" data-mood={known ? mood : "unknown"} data-testid={`microphone-${id}`}>
      <span class="microphone-name" title={stream.address ?? "The microphone of this machine"}>
        {stream.name}
      </span>
      <Level ear={ear} id={id} />
      <p class="microphone-state" title={detail ?? undefined}>
        <span class="dot" data-hollow={asleep} aria-hidden="true" />
        {known ? word : "Not known"}
        {known && pace !== "" && <span class="pace">{pace}</span>}
      </p>
    </li>
  );
}

/** Drawn ten times a second for each microphone: the width goes past Preact, straight into the element. */
function Level({ ear, id }: { readonly ear: Ear; readonly id: number }) {
  const style = useComputed(() => {
    const rms = id === 0 ? ear.rms.value : ear.streamLevels.value.get(id)?.rms;
    return `transform:scaleX(${scalePosition(rms ?? 0).toFixed(3)})`;
  });
  return (
    <span class="microphone-level" aria-hidden="true">
      <span style={style} />
    </span>
  );
}
