"""Schemathesis hooks: each operation is called with a token of a role that may call it, and with ids that exist."""
import json
import os
import random
import urllib.error
import urllib.request

import schemathesis
from schemathesis.core.parameters import ParameterLocation

TARGET = json.loads(os.environ["FUZZ_TARGET"])
BASE = os.environ["FUZZ_BASE"]
# Seeded: a run can be repeated.
CHANCE = random.Random(1)


def token_for(operation):
    """A token of the first role on the operation's list that somebody holds."""
    roles = operation.get("x-roles", [])
    return next((TARGET["tokens"][role] for role in roles if role in TARGET["tokens"]), None)


def fetch(path, token=None):
    """GETs JSON; None for a refusal."""
    request = urllib.request.Request(BASE + path, headers={"authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        return None


def known_ids():
    """Ids by the path of their list: `/v1/accounts` → those of the first page."""
    ids = {}
    for path, item in fetch("/openapi.json")["paths"].items():
        if "get" not in item or "{" in path:
            continue
        answer = fetch(path, token_for(item["get"]))
        items = answer.get("items", []) if isinstance(answer, dict) else []
        ids[path] = [row["id"] for row in items if isinstance(row, dict) and "id" in row]
    return ids


IDS = known_ids()


@schemathesis.auth(refresh_interval=None)
class RoleToken:
    """A Bearer token for the operation at hand."""

    def get(self, case, context):
        """The token."""
        return token_for(context.operation.definition.raw)

    def set(self, case, data, context):
        """Puts it into the request."""
        if data is not None:
            case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, kwargs):
    """Half of all ids exist; those meant to be malformed stay so, or the answer would be judged by what was not sent."""
    known = IDS.get(case.operation.path.split("/{id}")[0])
    if not known or "id" not in case.path_parameters or case.meta.is_negative_at(ParameterLocation.PATH):
        return
    if CHANCE.random() < 0.5:
        case.path_parameters = {**case.path_parameters, "id": CHANCE.choice(known)}
