/** Words of other programs (llama.cpp, ollama): what they are called here, or why they are not here. */

/** Options by what others call them, dashes left out; of several, the one that the command has. */
export const optionAliases: ReadonlyMap<string, string | readonly string[]> = new Map<
  string,
  string | readonly string[]
>(
  Object.entries({
    c: 'ctx',
    'ctx-size': 'ctx',
    'context-size': 'ctx',
    'num-ctx': 'ctx',
    np: 'parallel',
    'n-parallel': 'parallel',
    'keep-alive': 'keep',
    'cors-origins': 'cors',
    'models-dir': 'folder',
    'models-max': 'max-models',
    'n-ctx': 'ctx',
    t: 'threads',
    'threads-batch': 'threads',
    tb: 'threads',
    'num-thread': 'threads',
    temperature: 'temp',
    predict: 'max-tokens',
    'n-predict': 'max-tokens',
    'num-predict': 'max-tokens',
    'n-tokens': 'max-tokens',
    s: 'seed',
    topk: 'top-k',
    topp: 'top-p',
    minp: 'min-p',
    typical: 'typical-p',
    'repetition-penalty': 'repeat-penalty',
    'dry-penalty-last-n': 'dry-last-n',
    'chat-template-kwargs': 'template-vars',
    'dry-sequence-breaker': 'dry-breaker',
    'mirostat-ent': 'mirostat-tau',
    'mirostat-lr': 'mirostat-eta',
    l: 'logit-bias',
    r: ['stop', 'reps'],
    p: 'prefill',
    n: 'decode',
    'reverse-prompt': 'stop',
    sys: 'system',
    'system-prompt': 'system',
    'kv-type': 'kv',
    'cache-type-k': 'kv',
    'cache-type-v': 'kv',
    ctk: 'kv',
    ctv: 'kv',
    'lora-scaled': 'lora',
    'control-vector-scaled': 'control-vector',
    'control-vector-layer-range': 'control-vector-layers',
    md: 'draft',
    'model-draft': 'draft',
    'draft-max': 'n-draft',
    'draft-n': 'n-draft',
    'context-shift': 'shift',
    sp: 'special',
    output: 'out',
    pg: 'prefill',
    'n-prompt': 'prefill',
    'n-gen': 'decode',
    repetitions: 'reps',
    overwrite: 'force',
    hidethinking: 'hide-thinking',
    reasoning: 'think',
    'split-max-size': 'max-size',
    'grammar-file': 'grammar',
    'json-schema-file': 'schema',
  }),
);

/** Options that take the model, which is an argument here. */
export const modelWords: readonly string[] = ['m', 'model'];

/** The same for the file of a command that has one as its argument. */
export const fileWords: readonly string[] = ['f', 'file'];

const onGpu = 'a whole model runs on the GPU with --backend webgpu';
const firstGpu = 'the system says which GPU --backend webgpu takes; leave it out';
const decided = 'thimble decides that by itself; leave it out';
const alwaysSo = 'weights are read into memory once, or as they are used with --memory; leave it out';
const onlyServer = 'that is for the server: thimble serve MODEL';
const notYet = 'that is not supported yet';
const inFile = 'write the JSON Schema into a file, and give --schema FILE';
const onStdin = 'give the text on stdin, with < FILE at the end of the line';
const thoughts = 'write --think off';
const addressIsModel = 'give the address as the model: thimble run hf:org/repo:Q4_K_M';

/** Options that are not here, dashes left out, and what to do. */
export const optionAnswers: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ngl: onGpu,
    'gpu-layers': onGpu,
    'n-gpu-layers': onGpu,
    'num-gpu': onGpu,
    device: firstGpu,
    dev: firstGpu,
    'main-gpu': firstGpu,
    'tensor-split': firstGpu,
    mmap: alwaysSo,
    'no-mmap': alwaysSo,
    mlock: alwaysSo,
    fa: decided,
    'flash-attn': decided,
    b: decided,
    'batch-size': decided,
    ub: decided,
    'ubatch-size': decided,
    numa: decided,
    warmup: decided,
    'no-warmup': decided,
    keepalive: 'nothing stays in memory after a command but thimble serve; leave it out',
    cnv: 'to talk, use: thimble chat MODEL',
    conversation: 'to talk, use: thimble chat MODEL',
    i: 'to talk, use: thimble chat MODEL',
    interactive: 'to talk, use: thimble chat MODEL',
    'no-cnv': 'to go on from a text without a chat, use --raw',
    'no-conversation': 'to go on from a text without a chat, use --raw',
    f: onStdin,
    file: onStdin,
    'no-think': thoughts,
    nothink: thoughts,
    'reasoning-budget': thoughts,
    hf: addressIsModel,
    'hf-repo': addressIsModel,
    'hf-file': addressIsModel,
    'model-url': addressIsModel,
    mu: addressIsModel,
    host: onlyServer,
    port: onlyServer,
    parallel: onlyServer,
    verbose: 'a line under the answer shows tokens and speed; --json gives them to programs',
    v: 'a line under the answer shows tokens and speed; --json gives them to programs',
    color: 'colours are on in a terminal; NO_COLOR=1 turns them off',
    'no-color': 'set NO_COLOR=1 in the environment',
    'no-display-prompt': 'the prompt is never shown; leave it out',
    'log-disable': 'there is no log; leave it out',
    nowordwrap: 'text is wrapped in a terminal only; pipe it through cat for long lines',
    mirostat: 'version 2 is there: give its target, --mirostat-tau 5',
    samplers: 'the order of samplers is fixed',
    'n-keep': 'the system message and BOS are always kept; leave it out',
    keep: 'the system message and BOS are always kept; leave it out',
    'json-schema': inFile,
    format: inFile,
    mmproj: notYet,
    image: notYet,
    embedding: 'thimble embed MODEL makes embeddings',
    'rope-freq-base': 'the model file says so; leave it out',
    'rope-freq-scale': 'the model file says so; leave it out',
    'rope-scaling': 'the model file says so; leave it out',
    'chat-template': "the model file's template is used; leave it out",
    jinja: "the model file's template is used; leave it out",
    imatrix: notYet,
  }),
);

/** Commands by what others call them. */
export const commandAliases: ReadonlyMap<string, string> = new Map(
  Object.entries({
    server: 'serve',
    ls: 'list',
    models: 'list',
    get: 'pull',
    download: 'pull',
    import: 'pull',
    remove: 'rm',
    delete: 'rm',
    completions: 'completion',
    show: 'inspect',
    info: 'inspect',
    dump: 'inspect',
    generate: 'run',
    complete: 'run',
    ask: 'run',
    talk: 'chat',
    benchmark: 'bench',
    quantise: 'quantize',
    tokenise: 'tokenize',
    embedding: 'embed',
    embeddings: 'embed',
    rerank: 'rank',
    tokens: 'tokenize',
    ppl: 'perplexity',
  }),
);

const files = 'models are files; use cp and mv';
const nothingRuns = 'nothing runs between two commands: a model is in memory while it answers, and no longer';

/** Commands that are not here, and what to do. */
export const commandAnswers: ReadonlyMap<string, string> = new Map(
  Object.entries({
    cp: files,
    copy: files,
    mv: files,
    ps: nothingRuns,
    stop: nothingRuns,
    start: nothingRuns,
    push: notYet,
    login: 'set HF_TOKEN in the environment',
    search: 'look at https://huggingface.co/models?library=gguf; thimble pull downloads what you found',
    create: 'there are no model files besides GGUF: give options such as --system on the command line',
    launch: 'thimble serve MODEL answers the requests of other programs',
    convert: "thimble reads GGUF; llama.cpp's convert_hf_to_gguf.py makes one of a Hugging Face folder",
    train: notYet,
    update: 'npm installs newer versions',
    upgrade: 'npm installs newer versions',
  }),
);
