import { encode } from '../compress/encode_worker.ts';

encode();
