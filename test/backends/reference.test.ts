import { referenceBackend } from '../../src/backends/reference/reference.ts';
import { conformance } from './conformance.ts';

conformance({ name: 'reference', open: async () => referenceBackend() });
