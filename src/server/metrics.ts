import type { GenerateResult } from '../protocol/generation.ts';
import type { RunningModel } from './served.ts';

/** What has happened since the server was started. */
export class Metrics {
  private readonly requests = new Map<string, number>();
  private nPrompt = 0;
  private nCached = 0;
  private promptMs = 0;
  private nPredicted = 0;
  private predictedMs = 0;
  nOpen = 0;
  /** Seconds since 1970, as llama-server tells them beside the metrics. */
  readonly startedAt = Math.floor(Date.now() / 1000);

  request(route: string, status: number): void {
    const key = `route="${route}",status="${status}"`;
    this.requests.set(key, (this.requests.get(key) ?? 0) + 1);
  }

  /** Tokens of texts that were read for their rows. */
  read(nTokens: number): void {
    this.nPrompt += nTokens;
  }

  answer({ nPromptTokens, nReusedTokens, tokens, timings }: GenerateResult): void {
    this.nPrompt += nPromptTokens - nReusedTokens;
    this.nCached += nReusedTokens;
    this.promptMs += timings.prefillMs;
    this.nPredicted += tokens.length;
    this.predictedMs += timings.decodeMs;
  }

  /** In Prometheus' text format; llama-server's names, where it has one for the same thing. */
  text(running: readonly RunningModel[]): string {
    const sumOf = (count: (model: RunningModel) => number) => running.reduce((sum, model) => sum + count(model), 0);
    const perSecond = (n: number, ms: number) => (ms > 0 ? (1000 * n) / ms : 0);
    const nAll = this.nPrompt + this.nCached;
    const rows: readonly (readonly [name: string, type: 'counter' | 'gauge', help: string, value: number])[] = [
      ['llamacpp:prompt_tokens_total', 'counter', 'Prompt tokens that were read.', this.nPrompt],
      ['llamacpp:prompt_seconds_total', 'counter', 'Seconds spent reading prompts.', this.promptMs / 1000],
      ['llamacpp:prompt_tokens_cached_total', 'counter', 'Prompt tokens that were known already.', this.nCached],
      [
        'llamacpp:prompt_cache_hit_ratio',
        'gauge',
        'Part of all prompt tokens that was known already.',
        nAll > 0 ? this.nCached / nAll : 0,
      ],
      ['llamacpp:tokens_predicted_total', 'counter', 'Tokens made.', this.nPredicted],
      ['llamacpp:tokens_predicted_seconds_total', 'counter', 'Seconds spent making tokens.', this.predictedMs / 1000],
      [
        'llamacpp:prompt_tokens_seconds',
        'gauge',
        'Prompt tokens read in a second.',
        perSecond(this.nPrompt, this.promptMs),
      ],
      [
        'llamacpp:predicted_tokens_seconds',
        'gauge',
        'Tokens made in a second.',
        perSecond(this.nPredicted, this.predictedMs),
      ],
      ['llamacpp:requests_processing', 'gauge', 'Requests that are being answered.', sumOf(({ slots }) => slots.nBusy)],
      [
        'llamacpp:requests_deferred',
        'gauge',
        'Requests that wait for a session.',
        sumOf(({ slots }) => slots.nWaiting),
      ],
      ['thimble:models_open', 'gauge', 'Models in memory.', running.length],
      ['thimble:http_requests_open', 'gauge', 'Requests under way.', this.nOpen],
    ];
    const lines = rows.flatMap(([name, type, help, value]) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      `${name} ${value}`,
    ]);
    lines.push(
      '# HELP thimble:http_requests_total Requests by route and status.',
      '# TYPE thimble:http_requests_total counter',
    );
    for (const [labels, n] of this.requests) lines.push(`thimble:http_requests_total{${labels}} ${n}`);
    return `${lines.join('\n')}\n`;
  }
}
