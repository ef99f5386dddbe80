import { addCases } from './add.ts';
import { addProductCases } from './add_product.ts';
import { addScaledCases } from './add_scaled.ts';
import { attentionCases } from './attention.ts';
import { causalConvCases } from './causal_conv.ts';
import { columnsCases } from './columns.ts';
import { combineCases } from './combine.ts';
import { deltaNetCases } from './delta_net.ts';
import { embedCases } from './embed.ts';
import { gateCases } from './gate.ts';
import { gegluCases } from './geglu.ts';
import { geluCases } from './gelu.ts';
import { kvStoreCases } from './kv_store.ts';
import { lastRowsCases } from './last_rows.ts';
import { layerNormCases } from './layer_norm.ts';
import { matchSizeCases } from './match_size.ts';
import { matmulCases } from './matmul.ts';
import { matmulExpertsCases } from './matmul_experts.ts';
import { mixExpertsCases } from './mix_experts.ts';
import { multiplyCases } from './multiply.ts';
import { poolCases } from './pool.ts';
import { positionRowsCases } from './position_rows.ts';
import { reluSquaredCases } from './relu_squared.ts';
import { rmsNormCases } from './rms_norm.ts';
import { ropeCases } from './rope.ts';
import { ropeAnglesCases } from './rope_angles.ts';
import { routeCases } from './route.ts';
import { scaleCases } from './scale.ts';
import { scaleExpertsCases } from './scale_experts.ts';
import { softcapCases } from './softcap.ts';
import { sparsifyCases } from './sparsify.ts';
import { ssmScanCases } from './ssm_scan.ts';
import { swigluCases } from './swiglu.ts';
import { swigluClampedCases } from './swiglu_clamped.ts';
import { temperCases } from './temper.ts';

const all = [
  addCases,
  addProductCases,
  addScaledCases,
  attentionCases,
  causalConvCases,
  columnsCases,
  combineCases,
  deltaNetCases,
  embedCases,
  gateCases,
  gegluCases,
  geluCases,
  kvStoreCases,
  lastRowsCases,
  layerNormCases,
  matchSizeCases,
  matmulCases,
  matmulExpertsCases,
  mixExpertsCases,
  multiplyCases,
  poolCases,
  positionRowsCases,
  reluSquaredCases,
  rmsNormCases,
  ropeCases,
  ropeAnglesCases,
  routeCases,
  scaleCases,
  scaleExpertsCases,
  softcapCases,
  sparsifyCases,
  ssmScanCases,
  swigluCases,
  swigluClampedCases,
  temperCases,
];

/** Cases of every op. */
export const opCases = all.flatMap(({ odd }) => odd);
export const timedCases = all.flatMap(({ timed }) => timed);
