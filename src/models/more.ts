import type { Architecture } from './architecture.ts';
import { bert } from './bert.ts';
import { bitnet } from './bitnet.ts';
import { exaone4 } from './exaone4.ts';
import { falconH1 } from './falcon_h1.ts';
import { gemma } from './gemma.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3n } from './gemma3n.ts';
import { gemma4 } from './gemma4.ts';
import { gemmaEmbedding } from './gemma_embedding.ts';
import { glm4 } from './glm4.ts';
import { gptOss } from './gpt_oss.ts';
import { granite } from './granite.ts';
import { graniteHybrid } from './granite_hybrid.ts';
import { hunyuan } from './hunyuan.ts';
import { jinaBertV2 } from './jina_bert_v2.ts';
import { llamaMoe } from './llama_moe.ts';
import { lfm2 } from './lfm2.ts';
import { mistral3 } from './mistral3.ts';
import { modernBert } from './modern_bert.ts';
import { nemotronH } from './nemotron_h.ts';
import { olmo2 } from './olmo2.ts';
import { qwen3Moe } from './qwen3_moe.ts';
import { qwen35 } from './qwen35.ts';
import { smollm3 } from './smollm3.ts';

/** Families that are loaded when a file asks for one: a page does not wait for what few models need. */
export const more: readonly Architecture[] = [
  gemma,
  gemma2,
  gemma3n,
  gemma4,
  smollm3,
  granite,
  olmo2,
  mistral3,
  exaone4,
  hunyuan,
  glm4,
  bitnet,
  llamaMoe,
  qwen3Moe,
  gptOss,
  bert,
  jinaBertV2,
  modernBert,
  gemmaEmbedding,
  lfm2,
  qwen35,
  graniteHybrid,
  falconH1,
  nemotronH,
];
