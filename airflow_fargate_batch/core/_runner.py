"""The program that runs a function in a job's container, with any Python from 3.8 on.

A text and no module, because it travels in each request. ``tests/core/test_remote_call.py`` parses
the text as Python 3.8, and runs it.
"""

from typing import Final

RUNNER: Final = """
import __future__, ast, json, linecache, os, sys, time, traceback, urllib.request

def say(text):
    sys.stdout.flush()
    sys.stderr.flush()
    data = ("\\n%s\\n" % text).encode()
    while data:
        data = data[os.write(1, data):]

def fail(text):
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)
    raise SystemExit(1)

def load():
    name = call["file"]
    lines = ["\\n"] * (call["line"] - 1) + call["source"].splitlines(True)
    linecache.cache[name] = (0, None, lines, name)
    head = "if 1:\\n" if call["source"][:1].isspace() else ""
    tree = ast.parse(head + call["source"], name)
    function = tree.body[0].body[0] if head else tree.body[0]
    function.decorator_list = []
    function.returns = None
    function.args.defaults = []
    function.args.kw_defaults = [None] * len(function.args.kwonlyargs)
    for node in ast.walk(function.args):
        if isinstance(node, ast.arg):
            node.annotation = None
    ast.increment_lineno(function, call["line"] - (2 if head else 1))
    tree.body = [function]
    names = {"__name__": "__main__"}
    flags = __future__.annotations.compiler_flag if call["lazy_annotations"] else 0
    exec(compile(tree, name, "exec", flags), names)
    return names[call["name"]]

def ask_s3(request, aim):
    for number in range(6):
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read()
        except Exception as error:
            status = getattr(error, "code", 500)
            if number == 5 or status < 500 and status != 429:
                fail("Could not %s S3: %s. The address expires with the credentials that made "
                     "it; a retry of the task makes a new one." % (aim, error))
            time.sleep(2 ** number)

def put(data):
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(call["put_url"], data, kind, method="PUT")
    ask_s3(request, "write the result to")

def own_items():
    text_in, url_in, count_in = call["items_in"]
    text = os.environ.get(text_in)
    if text is None:
        if url_in not in os.environ:
            fail("The environment had no room for the address of the items: remove variables.")
        text = ask_s3(os.environ[url_in], "read the items from").decode()
    count = int(os.environ[count_in])
    start = count * int(os.environ.get("AWS_BATCH_JOB_ARRAY_INDEX", "0"))
    return [json.loads(line) for line in text.split("\\n")[start : start + count] if line]

def main():
    version = "%d.%d" % sys.version_info[:2]
    try:
        function = load()
    except SyntaxError:
        traceback.print_exc(0)
        fail("Python %s of the image cannot read the function %s()." % (version, call["name"]))
    args, kwargs = [each["value"] for each in call["args"]], call["kwargs"]
    items = own_items() if call["items_in"] else None
    try:
        if items is None:
            result = function(*args, **kwargs)
        else:
            result = [function(item, *args[1:], **kwargs) for item in items]
    except Exception as error:
        sys.stdout.flush()
        traceback.print_exception(type(error), error, error.__traceback__.tb_next)
        if isinstance(error, ModuleNotFoundError):
            fail("The image (Python %s) lacks the module. Modules of the DAG's folder are not part "
                 "of the image: install the module there." % version)
        raise SystemExit(1)
    try:
        text = json.dumps(result, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        fail("The result of %s() is not JSON: %s. Return None, a bool, a number, a text, or lists "
             "and mappings of these." % (call["name"], error))
    if len(text) <= call["line_bytes"]:
        say(call["marker"] + text)
    elif call["put_url"]:
        put(text.encode())
        say(call["marker_at"] + call["put_name"])
    else:
        fail("The result of %s() has %d bytes as JSON, and a log line carries %d: %s, or "
             "return the address of a file."
             % (call["name"], len(text), call["line_bytes"], call["if_too_long"]))

main()
"""
"""Reads the mapping ``call``: ``RemoteCall.to_json``."""
