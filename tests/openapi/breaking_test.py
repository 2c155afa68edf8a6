"""What breaking.py must and must not call a break."""
import copy
import unittest

from breaking import breaks

CASE = {
    "type": "object",
    "required": ["id", "state"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "state": {"type": "string", "enum": ["open", "closed"]},
        "note": {"type": ["string", "null"]},
    },
}
REQUEST = {
    "type": "object",
    "additionalProperties": False,
    "required": ["number"],
    "properties": {"number": {"type": "string", "maxLength": 60}, "kind": {"type": "string", "enum": ["a", "b"]}},
}
OLD = {
    "paths": {
        "/v1/cases": {
            "post": {
                "operationId": "register_case",
                "security": [{"access_token": []}],
                "x-roles": ["user", "auditor"],
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 200}}],
                "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Request"}}}},
                "responses": {"201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Case"}}}}},
            }
        }
    },
    "components": {"schemas": {"Case": CASE, "Request": REQUEST}},
}


def changed(change):
    """The breaks after `change(operation, request, case)`."""
    new = copy.deepcopy(OLD)
    schemas = new["components"]["schemas"]
    change(new["paths"]["/v1/cases"].get("post"), schemas["Request"], schemas["Case"])
    return breaks(OLD, new)


class Breaking(unittest.TestCase):
    """Each change of a document alone."""

    def test_the_same_document_breaks_nothing(self):
        self.assertEqual(changed(lambda o, r, c: None), [])

    def test_additions_break_nothing(self):
        def add(operation, request, case):
            operation["parameters"].append({"name": "after", "in": "query", "schema": {"type": "string"}})
            operation["x-roles"].append("it_unit")
            request["properties"]["remarks"] = {"type": "string"}
            request["properties"]["kind"]["enum"].append("c")
            case["properties"]["opened_on"] = {"type": "string", "format": "date"}
            case["required"].append("opened_on")

        self.assertEqual(changed(add), [])

    def test_each_break_is_found(self):
        changes = {
            "operation": lambda o, r, c: o.update(operationId="other"),
            "role": lambda o, r, c: o["x-roles"].remove("auditor"),
            "parameter": lambda o, r, c: o["parameters"].clear(),
            "required parameter": lambda o, r, c: o["parameters"][0].update(required=True),
            "limit of a parameter": lambda o, r, c: o["parameters"][0]["schema"].update(maximum=100),
            "status": lambda o, r, c: o.update(responses={"200": {}}),
            "required field": lambda o, r, c: r["required"].append("kind"),
            "field of a request": lambda o, r, c: r["properties"].pop("kind"),
            "narrower type": lambda o, r, c: r["properties"]["number"].update(type="integer"),
            "shorter": lambda o, r, c: r["properties"]["number"].update(maxLength=10),
            "fewer values": lambda o, r, c: r["properties"]["kind"]["enum"].remove("b"),
            "new pattern": lambda o, r, c: r["properties"]["number"].update(pattern="^x"),
            "field of an answer": lambda o, r, c: c["properties"].pop("note"),
            "type of an answer": lambda o, r, c: c["properties"]["id"].update(type=["string", "null"]),
            "optional in an answer": lambda o, r, c: c["required"].remove("id"),
            "unknown value": lambda o, r, c: c["properties"]["state"]["enum"].append("lost"),
        }
        for name, change in changes.items():
            with self.subTest(name):
                self.assertEqual(len(changed(change)), 1)

    def test_an_operation_that_is_gone_is_found(self):
        new = copy.deepcopy(OLD)
        new["paths"].clear()
        self.assertEqual(breaks(OLD, new), ["POST /v1/cases: the operation is gone"])


if __name__ == "__main__":
    unittest.main()
