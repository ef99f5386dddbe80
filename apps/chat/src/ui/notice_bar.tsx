/** Lines that come and go, and a voice for those who listen. */
import { dismiss, notices, spoken } from '../state/notices.ts';

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, action }) => (
        <div key={id} class="notice">
          <span class="grow">{text}</span>
          {action && (
            <button
              type="button"
              onClick={() => {
                dismiss(id);
                action.run();
              }}
            >
              {action.label}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}

/** Finished sentences of an answer; tokens would be noise. */
export function Voice() {
  return (
    <div class="sr" aria-live="polite" aria-atomic="true">
      {spoken.value}
    </div>
  );
}
