"""Uses running pipelines with the client of Feldera: `client.py URL FILE`. The file contains the commands that the server has printed."""
import re
import sys

import requests
from feldera.rest.errors import FelderaAPIError
from feldera.rest.feldera_client import FelderaClient

url, commands = sys.argv[1:]
with open(commands, encoding="utf-8") as file:
    administrator = re.search(r"Bearer (\S+)'", file.read()).group(1)


def client(key, tenant=None):
    return FelderaClient(url, api_key=key, tenant=tenant)


def status(call):
    """Returns the status of the error, or 200."""
    try:
        call()
        return 200
    except FelderaAPIError as error:
        return error.status_code


admin = client(administrator, "acme")
created = admin.http.post("/pipelines", body={"name": "sales", "program_code": "CREATE TABLE t (x INT);"})
assert created["name"] == "sales", created
assert [pipeline.name for pipeline in admin.pipelines()] == ["sales"]
created = admin.http.post("/api_keys", body={"name": "ci"})
key = created["api_key"]
assert key.startswith("apikey:")

by_key = client(key, "acme")
patch = lambda by: by.http.patch("/pipelines/sales", body={"description": "nightly"})
assert status(lambda: by_key.http.get("/pipelines/sales")) == 200
assert status(lambda: patch(by_key)) == 200
assert [event["what"] for event in by_key.http.get("/events")] == ["created", "changed"]
assert status(lambda: by_key.http.delete("/pipelines/sales")) == 403
assert status(lambda: by_key.http.post("/api_keys", body={"name": "another"})) == 403
assert status(lambda: client(key, "umbrella").pipelines()) == 403
assert status(lambda: client(key).pipelines()) == 400
assert status(lambda: client(administrator).pipelines()) == 200, "the only organization of the caller"
assert status(lambda: client(administrator, "umbrella").pipelines()) == 403
assert status(lambda: client("apikey:unknown", "acme").pipelines()) == 401
assert status(lambda: client(None, "acme").pipelines()) == 401
assert status(lambda: admin.http.get("/pipelines/missing")) == 404
assert status(lambda: admin.http.get("/tenants")) == 403
assert admin.http.get("/config/session")["user"] == "Alice"
assert requests.get(f"{url}/v0/pipelines", headers={"Authorization": f"Bearer {key}", "Feldera-Tenant": "a" * 129}).status_code == 400
print("the client of Feldera works")
