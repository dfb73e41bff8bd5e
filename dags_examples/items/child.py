"""A child of an array with *items*, without any package: prints its items as JSON, one a line."""

import json
import os
import urllib.request

inline, url = os.environ.get("FARGATE_BATCH_ITEMS"), os.environ.get("FARGATE_BATCH_ITEMS_URL", "")
text = inline or urllib.request.urlopen(url, timeout=60).read().decode()
count = int(os.environ["FARGATE_BATCH_ITEMS_PER_CHILD"])
start = count * int(os.environ.get("AWS_BATCH_JOB_ARRAY_INDEX", "0"))
items = [json.loads(line) for line in text.split("\n")[start : start + count] if line]

for item in items:
    print(json.dumps(item))
