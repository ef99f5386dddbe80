import { generateText, Output } from 'ai';
import { openModel } from 'thimble';
import { thimble } from 'thimble/ai';
import { z } from 'zod';

const model = await openModel('models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf');
const schema = z.object({ colour: z.enum(['red', 'green', 'blue']), isWarm: z.boolean() });
const output = Output.object({ schema });
const result = await generateText({ model: thimble(model), output, prompt: 'Which colour is the sky?' });
console.log(result.output.colour); // typed, and one of the three
await model.close();
