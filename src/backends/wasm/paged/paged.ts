import { ExpertCache, slotPlace } from './expert_cache.ts';
import { Pager, type PagerHost } from './pager.ts';
import { PagedRun, type Paged } from './paged_run.ts';
import type { PlaceOf } from '../upload.ts';
import { TokenRows } from './rows.ts';

/** Models larger than the memory that they may take. Few are, so this loads with the first of them. */
export { lengthened } from './expert_groups.ts';
export { planPaged } from './plan.ts';

/** What a backend needs beside its memory plan, whose `paging` says which weights come by. */
export function pagedOf(host: PagerHost, preferCached: number | undefined) {
  const { plan } = host;
  const pager = new Pager(host);
  const read: Pager['readInto'] = (...where) => pager.readInto(...where);
  const tables = plan.paging!.tables.map((place) => [place.table.name, new TokenRows(host, place, read)] as const);
  const experts = new ExpertCache(host, { read, traffic: pager.traffic, preferCached });
  const expertPlaces = new Map(
    plan.paging!.experts.flatMap((place) => place.stacks.map(({ tensor }) => [tensor.name, place])),
  );
  const passing: PlaceOf = ({ tensor: { name }, matrix }) => {
    const place = expertPlaces.get(name);
    return place
      ? slotPlace(place, plan.paged.begin, { name, matrix, slot: matrix % place.nSlots })
      : plan.weights.get(name);
  };
  const paged: Paged = { pager, tables: new Map(tables), experts };
  const close = async (): Promise<void> => {
    await pager.close();
    await experts.quiet();
  };
  return { ...paged, passing, close, runOf: (...how: ConstructorParameters<typeof PagedRun>) => new PagedRun(...how) };
}
