import { serveJob } from '../store/serve_job.ts';

serveJob();
