import type { QuantType } from './quant_type.ts';

let decoders: Readonly<Record<string, NonNullable<QuantType['dequantize']>>> | undefined;

/** A type that few files hold. What decodes it is in more.ts, which no page loads before it meets such a file: see `load`. */
export const rare = (row: Omit<QuantType, 'load' | 'dequantize'>): QuantType => ({
  ...row,
  load: async () => void (decoders ??= (await import('./more.ts')).decoders),
  dequantize: (src, dst) => decoders![row.name]!(src, dst),
});
