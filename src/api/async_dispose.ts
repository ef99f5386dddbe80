/**
 * The name that `await using` looks for. Engines that know no such statement lack the symbol; whoever brings it along must do so
 * before this library is imported.
 */
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');
