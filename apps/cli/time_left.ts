/** How long something will still take, as text for a progress bar: nothing in the first seconds, when nobody can know. */
export function timeLeft(): (done: number, total: number) => string {
  const startMs = performance.now();
  return (done, total) => {
    const ms = performance.now() - startMs;
    if (ms < 3000 || done === 0) return '';
    const seconds = Math.ceil((ms / 1000) * (total / done - 1));
    if (seconds < 100) return `, ${seconds} s left`;
    return `, ${Math.ceil(seconds / 60)} min left`;
  };
}
