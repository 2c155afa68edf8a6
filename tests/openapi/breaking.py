#!/usr/bin/env python3
"""What in a new OpenAPI document breaks clients of the old one. Arguments: OLD NEW; exit code 1 with a line for each.

Requests must stay acceptable and answers must stay readable: an operation, a field of an answer, a value that a request
may hold must not go; a request must not ask for more than before.
"""
import json
import sys

METHODS = ("get", "put", "post", "delete", "patch")


class Comparison:
    """Two documents and what breaks between them."""

    def __init__(self, old, new):
        self.old, self.new, self.breaks, self.seen = old, new, [], set()

    def run(self):
        """The breaks, as sentences."""
        for path, item in self.old.get("paths", {}).items():
            for method in METHODS:
                if method in item:
                    self.operation(f"{method.upper()} {path}", item[method], self.new["paths"].get(path, {}).get(method))
        return self.breaks

    def operation(self, place, old, new):
        """One operation."""
        if new is None:
            return self.breaks.append(f"{place}: the operation is gone")
        if old.get("operationId") != new.get("operationId"):
            self.breaks.append(f"{place}: operationId was {old.get('operationId')}")
        if not old.get("security") and new.get("security"):
            self.breaks.append(f"{place}: a token is needed now")
        gone = set(old.get("x-roles", [])) - set(new.get("x-roles", []))
        if gone and "x-roles" in new:
            self.breaks.append(f"{place}: no longer for {', '.join(sorted(gone))}")
        self.parameters(place, old, new)
        old_body, new_body = self.body(self.old, old), self.body(self.new, new)
        if new_body is not None and old_body is None and new["requestBody"].get("required"):
            self.breaks.append(f"{place}: a body is needed now")
        if old_body is not None and new_body is not None:
            self.schema(f"{place}: request", old_body, new_body, request=True)
        for code, response in old.get("responses", {}).items():
            if code.startswith("2"):
                self.response(f"{place}: {code}", response, new.get("responses", {}).get(code))

    def parameters(self, place, old, new):
        """Parameters of one operation."""
        named = lambda doc, op: {(p["in"], p["name"]): p for p in (resolve(doc, p) for p in op.get("parameters", []))}
        before, after = named(self.old, old), named(self.new, new)
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                self.breaks.append(f"{place}: parameter {key[1]} is needed now")
        for key, parameter in before.items():
            if key not in after:
                self.breaks.append(f"{place}: parameter {key[1]} is gone")
            else:
                schemas = parameter.get("schema", {}), after[key].get("schema", {})
                self.schema(f"{place}: parameter {key[1]}", *schemas, request=True)

    @staticmethod
    def body(doc, operation):
        """Schema of a request body."""
        content = resolve(doc, operation.get("requestBody") or {}).get("content", {})
        return next((media.get("schema", {}) for media in content.values()), None)

    def response(self, place, old, new):
        """One success answer."""
        if new is None:
            return self.breaks.append(f"{place} is gone")
        old, new = resolve(self.old, old), resolve(self.new, new)
        for mime, media in old.get("content", {}).items():
            if mime not in new.get("content", {}):
                self.breaks.append(f"{place}: {mime} is gone")
            else:
                self.schema(place, media.get("schema", {}), new["content"][mime].get("schema", {}), request=False)

    def schema(self, place, old, new, request):
        """A schema: `request` tells who writes the value."""
        key = (old.get("$ref"), new.get("$ref"), request)
        if key[0] and key[1]:
            if key in self.seen:
                return
            self.seen.add(key)
        old, new = resolve(self.old, old), resolve(self.new, new)
        self.kinds(place, old, new, request)
        self.bounds(place, old, new, request)
        self.fields(place, old, new, request)
        if "items" in old and "items" in new:
            self.schema(f"{place}[]", old["items"], new["items"], request)
        if isinstance(old.get("additionalProperties"), dict) and isinstance(new.get("additionalProperties"), dict):
            self.schema(f"{place}{{}}", old["additionalProperties"], new["additionalProperties"], request)
        for kind in ("oneOf", "anyOf", "allOf"):
            before, after = old.get(kind, []), new.get(kind, [])
            if kind != "allOf" and (len(after) < len(before) if request else len(after) > len(before) > 0):
                self.breaks.append(f"{place}: another number of alternatives")
            for a, b in zip(before, after):
                self.schema(place, a, b, request)

    def kinds(self, place, old, new, request):
        """Types, formats, enumerations: a request may accept more, an answer may hold less."""
        of = lambda s: {s["type"]} if isinstance(s.get("type"), str) else set(s.get("type", []))
        before, after = of(old), of(new)
        wide, narrow = (after, before) if request else (before, after)
        if wide and narrow and not narrow <= wide and not (narrow == {"integer"} and "number" in wide):
            self.breaks.append(f"{place}: type was {sorted(before)}, is {sorted(after)}")
        if old.get("format") != new.get("format") and (new if request else old).get("format"):
            self.breaks.append(f"{place}: format was {old.get('format')}, is {new.get('format')}")
        if request and "enum" in new and not set(map(str, old.get("enum", ["(any)"]))) <= set(map(str, new["enum"])):
            self.breaks.append(f"{place}: fewer values are accepted")
        if not request and "enum" in old and not set(map(str, new.get("enum", ["(any)"]))) <= set(map(str, old["enum"])):
            self.breaks.append(f"{place}: values that clients do not know")

    def bounds(self, place, old, new, request):
        """Limits on what a request may hold."""
        if not request:
            return
        for name in ("maxLength", "maximum", "maxItems"):
            if name in new and new[name] < old.get(name, float("inf")):
                self.breaks.append(f"{place}: {name} is {new[name]} now")
        for name in ("minLength", "minimum", "minItems"):
            if name in new and new[name] > old.get(name, 0):
                self.breaks.append(f"{place}: {name} is {new[name]} now")
        if "pattern" in new and new["pattern"] != old.get("pattern"):
            self.breaks.append(f"{place}: another pattern")

    def fields(self, place, old, new, request):
        """Fields of an object."""
        before, after = old.get("properties", {}), new.get("properties", {})
        needed, needed_before = set(new.get("required", [])), set(old.get("required", []))
        for name in sorted(needed - needed_before if request else set()):
            self.breaks.append(f"{place}.{name} is needed now")
        for name in sorted(set() if request else needed_before - needed):
            if name in after:
                self.breaks.append(f"{place}.{name} may be missing now")
        for name, schema in before.items():
            if name in after:
                self.schema(f"{place}.{name}", schema, after[name], request)
            elif not request or new.get("additionalProperties") is False:
                self.breaks.append(f"{place}.{name} is gone")


def resolve(doc, node):
    """Follows `$ref`."""
    while isinstance(node, dict) and "$ref" in node:
        target = doc
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def breaks(old, new):
    """What breaks."""
    return Comparison(old, new).run()


if __name__ == "__main__":
    documents = []
    for name in sys.argv[1:3]:
        with open(name, encoding="utf-8") as file:
            documents.append(json.load(file))
    found = breaks(*documents)
    print("\n".join(found) or "nothing breaks")
    sys.exit(1 if found else 0)
