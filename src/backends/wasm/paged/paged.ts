import { Pager, type PagerHost } from './pager.ts';
import { PagedRun, type Paged } from './paged_run.ts';
import { TokenRows } from './rows.ts';

/** Models larger than the memory that they may take. Few are, so this loads with the first of them. */
export { planPaged } from './plan.ts';

/** What a backend needs beside its memory plan, whose `paging` says which weights come by. */
export function pagedOf(host: PagerHost): Paged & { runOf(...how: ConstructorParameters<typeof PagedRun>): PagedRun } {
  const pager = new Pager(host);
  const read: Pager['readInto'] = (...where) => pager.readInto(...where);
  const tables = host.plan.paging!.tables.map((place) => [place.table.name, new TokenRows(host, place, read)] as const);
  return { pager, tables: new Map(tables), runOf: (...how) => new PagedRun(...how) };
}
