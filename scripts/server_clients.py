"""The clients of PyPI, openai and ollama, as they are, against a server.

    python3 -m venv /tmp/clients && /tmp/clients/bin/pip install openai ollama
    thimble serve smollm2 --port 8080
    /tmp/clients/bin/python scripts/server_clients.py http://127.0.0.1:8080 smollm2 [EMBEDDER]

Prints a line for each feature; ends with code 1 where one fails, and with 3 where a client is missing. With a model that makes
embeddings as EMBEDDER it asks that one, too.
"""

import asyncio
import json
import sys
from typing import Literal

try:
    import ollama
    import openai
    from pydantic import BaseModel
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(3)

address, model, *others = sys.argv[1:]
embedder = others[0] if others else None
client = openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)
llama = ollama.Client(host=address)
messages = [{"role": "user", "content": "Name a river."}]
short = {"model": model, "messages": messages, "max_tokens": 8, "temperature": 0}
greedy = {"temperature": 0, "num_predict": 8}


class River(BaseModel, extra="forbid"):
    name: Literal["Seine", "Loire"]  # also a model that says anything comes to an end


def openai_chat():
    answer = client.chat.completions.create(**short)
    assert answer.choices[0].message.content, answer
    assert answer.usage.completion_tokens <= 8
    return answer.choices[0].message.content


def openai_stream():
    chunks = list(client.chat.completions.create(**short, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == openai_chat()
    assert chunks[-1].usage.total_tokens > 0


def openai_stream_helper():
    with client.chat.completions.stream(**{**short, "max_tokens": 200}, stop=[" "]) as stream:  # this client takes a cut answer for an error
        text = "".join(event.delta for event in stream if event.type == "content.delta")
        assert text == stream.get_final_completion().choices[0].message.content


def openai_logprobs():
    answer = client.chat.completions.create(**short, logprobs=True, top_logprobs=2)
    tokens = answer.choices[0].logprobs.content
    assert "".join(token.token for token in tokens) == answer.choices[0].message.content
    assert all(len(token.top_logprobs) == 2 for token in tokens)


def openai_parse():
    answer = client.chat.completions.parse(model=model, messages=messages, max_tokens=60, response_format=River)
    assert isinstance(answer.choices[0].message.parsed, River)


def openai_completion():
    answer = client.completions.create(model=model, prompt="Once upon a", max_tokens=4, temperature=0, echo=True)
    assert answer.choices[0].text.startswith("Once upon a")


def openai_responses():
    answer = client.responses.create(model=model, input="Name a river.", max_output_tokens=8, temperature=0)
    assert answer.output_text
    more = client.responses.create(model=model, input="Another.", previous_response_id=answer.id, max_output_tokens=8)
    assert more.usage.input_tokens > answer.usage.input_tokens


def openai_responses_stream():
    with client.responses.stream(model=model, input="Name a river.", max_output_tokens=8, temperature=0) as stream:
        events = list(stream)
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == "".join(part.text for item in events[-1].response.output for part in item.content)


def openai_async():
    async def run():
        many = openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="none")
        answers = await asyncio.gather(*(many.chat.completions.create(**short) for _ in range(4)))
        await many.close()
        assert len({answer.choices[0].message.content for answer in answers}) == 1

    asyncio.run(run())


def openai_errors():
    try:
        client.chat.completions.create(**{**short, "max_tokens": -1})
    except openai.BadRequestError as error:
        assert error.param == "max_tokens"
    else:
        raise AssertionError("nothing was refused")


def openai_models():
    assert any(each.id == model for each in client.models.list())


def openai_embeddings():
    answer = client.embeddings.create(model=embedder, input=["a cat", "the dog"])
    assert len(answer.data) == 2 and len(answer.data[0].embedding) > 8


def ollama_chat():
    answer = llama.chat(model, messages, options=greedy)
    assert answer.message.content and answer.done_reason == "length", answer
    pieces = llama.chat(model, messages, options=greedy, stream=True)
    assert "".join(piece.message.content for piece in pieces) == answer.message.content


def ollama_generate():
    answer = llama.generate(model, "Once upon a", raw=True, options=greedy)
    assert answer.response and answer.eval_count == 8


def ollama_format():
    answer = llama.chat(model, messages, format=River.model_json_schema(), options={"num_predict": 60})
    River.model_validate_json(answer.message.content)


def ollama_lists():
    assert any(each.model == model for each in llama.list().models)
    assert llama.show(model).details.format == "gguf"
    llama.ps()


def ollama_errors():
    try:
        llama.chat(model, messages, options={"num_ctx": 10**8})
    except ollama.ResponseError as error:
        assert error.status_code == 400 and "num_ctx" in error.error
    else:
        raise AssertionError("nothing was refused")


def ollama_embed():
    assert len(llama.embed(embedder, ["a cat", "the dog"]).embeddings) == 2


def main():
    checks = [check for name, check in globals().items() if name.startswith(("openai_", "ollama_")) and callable(check)]
    if embedder is None:
        checks = [check for check in checks if "embed" not in check.__name__]
    failed = 0
    print(f"openai {openai.__version__}, ollama client")
    for check in checks:
        try:
            check()
            print(f"passed  {check.__name__}")
        except Exception as error:  # each says what it is
            failed += 1
            print(f"failed  {check.__name__}: {type(error).__name__}: {error}")
    print(json.dumps({"passed": len(checks) - failed, "failed": failed}))
    sys.exit(1 if failed else 0)


main()
