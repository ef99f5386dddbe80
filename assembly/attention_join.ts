import { AttentionRecord } from './lib/attention_record';
import { scratch } from './lib/scratch';
import { Softmax } from './lib/softmax';

/**
 * Joins the splits that `attention` left as parts (see there), from left to right; an item is a token. With many tokens
 * attention has written the result itself and there is nothing to do.
 */
export function attention_join(record: AttentionRecord, begin: u32, end: u32): void {
  if (!record.isSplit) return;
  const headBytes = record.headDim << 2;
  const softmax = changetype<Softmax>(scratch());
  const values = scratch() + offsetof<Softmax>(); // [headDim]
  for (let token = begin; token < end; token++) {
    for (let head: u32 = 0; head < record.cols / record.headDim; head++) {
      softmax.clear();
      memory.fill(values, 0, headBytes);
      for (let split = record.firstSplit; split < record.endSplit; split++) {
        const part = record.partOf(token, head, split);
        softmax.join(values, changetype<Softmax>(part), part + offsetof<Softmax>(), headBytes);
      }
      record.finish(softmax, values, record.out + ((token * record.cols) << 2) + head * headBytes, head);
    }
  }
}
