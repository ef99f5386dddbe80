import { text } from 'node:stream/consumers';
import { reportAll, type ReportJob } from './report.ts';

/** Runs in Deno: the job that comes in on stdin. Each report is a line of JSON. */
const job = JSON.parse(await text(process.stdin)) as ReportJob;
for await (const report of reportAll(navigator.gpu, job)) console.log(JSON.stringify(report));
process.exit(0);
