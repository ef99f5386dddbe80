/** What `navigator.gpu` is, as far as it is known without WebGPU's types: `create([])` of the npm package `webgpu` is one, too. */
export interface GpuObject {
  requestAdapter(options?: object): Promise<object | null>;
}

/** Optional abilities of a GPU. `dots`: products of four signed bytes at once. */
export type GpuFeature = 'f16' | 'subgroups' | 'dots' | 'timestamps';

/** What a GPU is and can do, for status lines and for the choice of kernels. Drivers and browsers tell as much as they like. */
export interface GpuInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** Software that does a GPU's work. */
  readonly isFallback: boolean;
  /** Optional abilities that are used. */
  readonly features: readonly GpuFeature[];
}

/** What came of a kernel's check, for reports. */
export interface KernelCheck {
  /** Its files below kernels/: `quants/q4_0 + mat_vec`. */
  readonly kernel: string;
  /** How many of its pipelines were checked: one for each set of numbers and each shape of matrix. */
  readonly nPipelines: number;
  /** The largest error of them, relative to the largest number; absent where it did not run. */
  readonly error?: number | undefined;
  /** Why it is not used; absent where it is. */
  readonly refused?: string | undefined;
}

/** The kernel that products of one kind take. */
export interface KernelChoice {
  /** The type of their weights, and whether steps have few rows, some or many. */
  readonly kind: string;
  readonly variant: string;
  /** Sizes of its workgroups. */
  readonly sizes: Readonly<Record<string, number>>;
  /** `timing`: measured just now; `notes`: measured before, on this device in this browser; `default`: not measured. */
  readonly from: 'timing' | 'notes' | 'default';
  /** What was measured: milliseconds for the same work. */
  readonly candidates?: readonly KernelCandidate[] | undefined;
}

export interface KernelCandidate {
  readonly candidate: string;
  readonly ms?: number | undefined;
  /** Why it was not measured. */
  readonly refused?: string | undefined;
}

/** The GPU that a model runs on, and how its kernels fare there. */
export interface GpuReport extends GpuInfo {
  /** Of each kernel that the model needs, what its check on this device came to. */
  readonly checks: readonly KernelCheck[];
  /** Of each kind of product, the kernel that it takes. */
  readonly choices: readonly KernelChoice[];
}

/** What a model takes of this device's GPU. */
export interface GpuFit {
  /** As WebGPU describes it; undefined where there is none. */
  readonly name: string | undefined;
  /** Bytes of weights, and of all sessions, as they lie there; undefined where they would not. How much memory a GPU has WebGPU does not tell. */
  readonly needs:
    { readonly weightBytes: number; readonly sessionBytes: number; readonly totalBytes: number } | undefined;
  /** Why the model would not run there; undefined where nothing is known that speaks against it. */
  readonly refused: string | undefined;
  /** That, or what is known, in a sentence: also whether it counts among what the device allows, as on iOS. */
  readonly reason: string;
}
