/** What is said of an answer whose weights came from storage. */
import type { Timings } from '../../src/index.ts';
import { formatBytes, formatMs, rounded } from './terminal.ts';

/** `read 610 MiB a token, waited 1.2 s for it`; nothing where all is in memory. */
export const pagedBy = ({ paging }: Timings): string[] =>
  paging
    ? [
        `read ${formatBytes(paging.bytesPerToken)} a token`,
        `waited ${formatMs(paging.waitMs)} for it`,
        ...(paging.hitRate === undefined ? [] : [`${Math.round(100 * paging.hitRate)} % of experts in memory`]),
      ]
    : [];

/** The same for programs. */
export const pagedByJson = ({ paging }: Timings) =>
  paging
    ? {
        bytes_read: paging.bytesRead,
        bytes_per_token: Math.round(paging.bytesPerToken),
        wait_ms: rounded(paging.waitMs),
        pack_ms: rounded(paging.packMs),
        ...(paging.hitRate === undefined ? {} : { hit_rate: rounded(paging.hitRate) }),
      }
    : {};
