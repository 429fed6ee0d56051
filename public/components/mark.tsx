/** Earshot's mark: an ear, and the sound that comes to it. */
export function Mark({ waves = 1 }: { readonly waves?: 1 | 3 }) {
  return (
    <svg class="mark" viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-linecap="round" aria-hidden="true">
      <g stroke-width="2.2" stroke-linejoin="round">
        <path d="M14.2 14.4a6 6 0 0 1 12 0c0 5-4.6 5.5-4.6 9a2.9 2.9 0 0 1-5.3 1.6" />
        <path d="M17.6 14.6a2.6 2.6 0 0 1 5.2.2c0 1.9-2 2-2.2 3.8" />
      </g>
      <g class="mark-waves" stroke-width="2">
        <path d="M10.2 9.8a10.4 10.4 0 0 0 0 9.4" />
        {waves === 3 && <path d="M6.6 7.6a15.4 15.4 0 0 0 0 13.8" />}
        {waves === 3 && <path d="M3 5.4a20.4 20.4 0 0 0 0 18.2" />}
      </g>
    </svg>
  );
}
