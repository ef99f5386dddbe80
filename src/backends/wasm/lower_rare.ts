import { expansions as ofExperts } from './lower_experts.ts';
import type { RareExpansions } from './lower.ts';
import { expansions as recurrent } from './lower_recurrent.ts';

export const expansions: RareExpansions = new Map([...ofExperts, ...recurrent]);
