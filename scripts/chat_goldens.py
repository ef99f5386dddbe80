"""Writes test/fixtures/chat/{renders,snippets}.json: what Python's Jinja makes of chat templates.

    python3 -m venv /somewhere && /somewhere/bin/pip install jinja2==3.1.6
    python scripts/chat_goldens.py test/fixtures/chat/templates [name=template.jinja …]

The environment is the one that Hugging Face's `apply_chat_template` builds: a sandbox, `trim_blocks`, `lstrip_blocks`,
loop controls, `tojson` by plain `json.dumps` without ASCII escapes, `raise_exception` and `strftime_now` (at a fixed time).
So is what a template sees (transformers 5.24, `utils/chat_template_utils.py`): fields of messages that are null are dropped, reasoning has all its names
(`reasoning` too, which theirs leaves out), `tools` and `documents` are none when not given.
Unlike theirs, the sandbox lets a template change its own lists, so that `append` can be compared too.
"""

import datetime
import json
import os
import sys

import jinja2
import jinja2.ext
import jinja2.sandbox

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "test", "fixtures", "chat")
NOW = datetime.datetime(2026, 1, 5, 14, 3, 9)
BOS, EOS = "<s>", "</s>"


class Refused(Exception):
    pass


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        return jinja2.nodes.Scope(parser.parse_statements(["name:endgeneration"], drop_needle=True), lineno=line)


def environment():
    def raise_exception(message):
        raise Refused(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = jinja2.sandbox.SandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: NOW.strftime(form)
    return env


def seen(message):
    """A message as its template sees it."""
    given = {name: value for name, value in message.items() if value is not None}
    thought = next((given[name] for name in ("reasoning_content", "thinking", "reasoning") if name in given), None)
    return given if thought is None else {"thinking": thought, "reasoning": thought, **given, "reasoning_content": thought}


def variables_of(conversation):
    messages = [seen(message) for message in conversation["messages"]]
    return {"bos_token": BOS, "eos_token": EOS, "tools": None, "documents": None, **conversation, "messages": messages}


def outcome(env, template, variables):
    try:
        return {"text": env.from_string(template).render(**variables)}
    except Refused as refusal:
        return {"refused": str(refusal)}
    except Exception as error:  # every other way to fail is one outcome: an error
        return {"error": type(error).__name__}


def main(folder, more):
    env = environment()
    with open(os.path.join(FIXTURES, "conversations.json"), encoding="utf-8") as file:
        conversations = json.load(file)
    with open(os.path.join(FIXTURES, "snippets.txt"), encoding="utf-8") as file:
        snippets = [line for line in file.read().split("\n") if line and not line.startswith("# ")]
    sources = {name.removesuffix(".jinja"): os.path.join(folder, name) for name in sorted(os.listdir(folder))}
    sources.update(pair.split("=", 1) for pair in more)
    renders = {}
    for name, path in sources.items():
        with open(path, encoding="utf-8") as file:
            template = file.read()
        renders[name] = {
            title: outcome(env, template, variables_of(conversation))
            for title, conversation in conversations.items()
        }
    engine = f"jinja2 {jinja2.__version__}, Python {sys.version.split()[0]}"
    write("renders.json", {"engine": engine, "renders": renders})
    table = [[source, outcome(env, source.replace("⏎", "\n"), SNIPPET_VARIABLES)] for source in snippets]
    write("snippets.json", {"engine": engine, "variables": SNIPPET_VARIABLES, "snippets": table})


SNIPPET_VARIABLES = {
    "user": {"name": "Zoë", "age": 42, "tags": ["b", "A", "c"], "items": "shadowed", "none": None},
    "people": [
        {"name": "ann", "age": 30, "at": {"city": "Rome"}, "on": True},
        {"name": "Bob", "age": 25, "at": {"city": "Oslo"}, "on": False},
        {"name": "cy", "age": 30, "at": {"city": "Rome"}},
    ],
    "nums": [3, 1, 2],
    "text": "  Hello, wörld 👋🏽!\n",
    "html": "<b>\"x\" & 'y'</b>",
    "nothing": None,
    "ratio": 0.1,
    "nested": {"a": [1, 2.5, {"b": None}], "é": "ü\"\\\n\t\u0001"},
}


def write(name, data):
    with open(os.path.join(FIXTURES, name), "w", encoding="utf-8") as file:
        json.dump(data, file, ensure_ascii=False, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
