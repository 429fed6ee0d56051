/** What the user asked for and could not have, with the reason. It stays until it is put away. */
import type { Ear } from "../ear.ts";

export function Notices({ ear }: { readonly ear: Ear }) {
  return (
    <div class="notices" role="alert">
      {ear.notices.value.map((notice) => (
        <div class="notice" key={notice.id}>
          <div>
            <p>{notice.title}</p>
            {notice.hint !== null && <p class="hint">{notice.hint}</p>}
          </div>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => ear.dismiss(notice.id)}>
            <svg
              viewBox="0 0 16 16"
              fill="none"
              stroke="currentColor"
              stroke-width="1.8"
              stroke-linecap="round"
              aria-hidden="true"
            >
              <path d="m4 4 8 8m0-8-8 8" />
            </svg>
          </button>
        </div>
      ))}
    </div>
  );
}
