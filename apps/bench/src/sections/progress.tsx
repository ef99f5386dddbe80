import { duration } from '../format.ts';
import { stop } from '../measuring/run.ts';
import { running } from '../state.ts';

/** What is under way, and the way out. */
export function Progress() {
  const { title, doneShare, secondsLeft, isPaused, kind } = running.value!;
  const left = secondsLeft === undefined ? '' : `about ${duration(secondsLeft)} left`;
  const percent = Math.round(100 * doneShare);
  return (
    <div class="progress">
      <div class="progress-line">
        <strong>{percent} %</strong>
        <span>{isPaused ? 'waiting: the page is in the background' : left}</span>
      </div>
      <div
        class="track"
        role="progressbar"
        aria-label={kind === 'plan' ? 'Measuring' : 'Sustained run'}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <span style={{ width: `${100 * doneShare}%` }} />
      </div>
      <p>{title}</p>
      <button type="button" class="secondary" onClick={stop}>
        Stop
      </button>
    </div>
  );
}
