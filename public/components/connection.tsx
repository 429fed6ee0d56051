/** Whether this page itself is connected. */
import type { Ear } from "../ear.ts";
import { describeConnection } from "../words.ts";

export function ConnectionChip({ ear, retryNow }: { readonly ear: Ear; readonly retryNow: () => void }) {
  const connection = ear.connection.value;
  const waiting = connection.kind === "waiting";
  return (
    <div class="connection" data-kind={connection.kind}>
      <span class="dot" aria-hidden="true" />
      <span data-testid="connection">{describeConnection(connection, waiting ? ear.tickMs.value : 0)}</span>
      {waiting && (
        <button type="button" class="quiet" onClick={retryNow}>
          Try now
        </button>
      )}
    </div>
  );
}
