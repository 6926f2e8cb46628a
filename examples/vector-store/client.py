"""Uses a running vector-store with the client of Qdrant: `client.py URL API_KEY READ_ONLY_API_KEY JWT_SECRET`."""
import json
import sys
import time
import urllib.request

import jwt
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

url, owner_key, reader_key, secret = sys.argv[1:]


def client(key):
    return QdrantClient(url=url, api_key=key, prefer_grpc=False, check_compatibility=False)


def token(access, expires_in=3600):
    return jwt.encode({"access": access, "exp": int(time.time()) + expires_in}, secret, algorithm="HS256")


def status(call):
    """Returns the status of the error, or 200."""
    try:
        call()
        return 200
    except UnexpectedResponse as error:
        return error.status_code


owner = client(owner_key)
for name in ["docs", "other"]:
    parameters = models.VectorParams(size=2, distance=models.Distance.COSINE)
    assert owner.create_collection(name, vectors_config=parameters)
    points = [models.PointStruct(id=number, vector=vector, payload={"number": number})
              for number, vector in [(1, [1.0, 0.0]), (2, [0.0, 1.0])]]
    assert owner.upsert(name, points=points).status == models.UpdateStatus.COMPLETED
found = owner.query_points("docs", query=[0.9, 0.1], limit=1).points
assert [(point.id, point.payload) for point in found] == [(1, {"number": 1})], found
assert owner.get_collection("docs").points_count == 2

# A snapshot is uploaded as multipart/form-data.
body = b'--x\r\nContent-Disposition: form-data; name="snapshot"; filename="s"\r\n\r\n' \
    + json.dumps({"points": [{"id": 3, "vector": [1.0, 1.0]}]}).encode() + b"\r\n--x--\r\n"
upload = urllib.request.Request(f"{url}/collections/docs/snapshots/upload", data=body, method="POST", headers={
    "api-key": owner_key, "Content-Type": "multipart/form-data; boundary=x"})
assert urllib.request.urlopen(upload).status == 200
assert owner.get_collection("docs").points_count == 3

docs = token([{"collection": "docs", "access": "rw"}])
one = [models.PointStruct(id=9, vector=[1.0, 0.0])]
#          who                             read docs  write docs  read other  delete other
table = [("the reader",       reader_key,                                                     200, 403, 200, 403),
         ("a token for docs", docs,                                                           200, 200, 403, 403),
         ("a reading token",  token([{"collection": "docs", "access": "r"}]),                 200, 403, 403, 403),
         ("a global token",   token("r"),                                                     200, 403, 200, 403),
         ("a restriction",    token([{"collection": "docs", "access": "r", "payload": {}}]),  403, 403, 403, 403),
         ("an expired token", token("m", -3600),                                              401, 401, 401, 401),
         ("nobody",           None,                                                           401, 401, 401, 401),
         ("a wrong key",      "owner-key-of-other-letters",                                   401, 401, 401, 401),
         ("a manager",        token("m"),                                                     200, 200, 200, 200)]
for name, key, *expected in table:
    by = client(key)
    if expected[0] != 401:
        listed = sorted(collection.name for collection in by.get_collections().collections)
        assert listed == [name for name, read in [("docs", expected[0]), ("other", expected[2])] if read == 200], f"{name}: {listed}"
    found = [status(lambda: by.get_collection("docs")), status(lambda: by.upsert("docs", points=one)),
             status(lambda: by.query_points("other", query=[1.0, 0.0], limit=1)),
             status(lambda: by.delete_collection("other"))]
    assert found == expected, f"{name}: {found}"
print("the client of Qdrant works")
