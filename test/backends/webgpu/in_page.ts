import { reportAll, type CaseReport, type ReportJob } from './report.ts';

/** Runs in a page: asks the test's server for cases, and posts what came of them. */
for (let outcome = ''; ;) {
  const response = await fetch('/next', { method: 'POST', body: outcome });
  const { args } = (await response.json()) as { readonly args: [ReportJob] };
  try {
    const result: CaseReport[] = [];
    for await (const report of reportAll(navigator.gpu, ...args)) result.push(report);
    outcome = JSON.stringify({ result });
  } catch (error) {
    const { name, message } = error as Error;
    outcome = JSON.stringify({ error: { name, message } });
  }
}
