import { reportCases } from './report.ts';

/** Runs in a page: asks the test's server for cases, and posts what came of them. */
for (let outcome = ''; ;) {
  const response = await fetch('/next', { method: 'POST', body: outcome });
  const { args } = (await response.json()) as { readonly args: [string[]] };
  try {
    outcome = JSON.stringify({ result: await reportCases(navigator.gpu, ...args) });
  } catch (error) {
    const { name, message } = error as Error;
    outcome = JSON.stringify({ error: { name, message } });
  }
}
