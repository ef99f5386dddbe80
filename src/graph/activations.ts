/**
 * How fine the activations are that quantised weights are multiplied with, on the WASM backend: `exact` ones have 15 bits and leave
 * greedy texts as exact arithmetic makes them, `fast` ones have 8 and are half the work where the machine multiplies 8 bits at a
 * time. Other types than Q4_0, Q4_1, Q8_0, Q4_K, Q5_K and Q6_K have no kernels for fast ones, and are multiplied by exact ones. Both are
 * the same to the bit everywhere. The plain loops of the reference backend round nothing, whatever is chosen:
 * they are what both kinds are judged against.
 */
export const activationKinds = ['exact', 'fast'] as const;
export type ActivationKind = (typeof activationKinds)[number];
