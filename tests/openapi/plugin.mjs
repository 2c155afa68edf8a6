// Rules of our own for redocly: both languages, clauses, problems, headers, descriptions.

const chinese = /\p{Script=Han}/u;
const english = /[A-Za-z]/;
const both = (text) => english.test(text ?? '') && chinese.test(text ?? '');

function BothLanguages() {
  const need = (field) => (node, { report, location }) => {
    if (!both(node[field])) report({ message: `\`${field}\` must be in English and Chinese.`, location: location.child(field) });
  };
  return {
    Info: need('description'),
    Tag: need('description'),
    Operation(operation, context) {
      need('summary')(operation, context);
      need('description')(operation, context);
    },
  };
}

function Clauses() {
  return {
    Operation(operation, { report, location }) {
      const named = (field) => Array.isArray(operation[field]) && operation[field].length > 0;
      if (!named('x-clauses')) report({ message: 'x-clauses must name a clause.', location });
      const open = Array.isArray(operation.security) && operation.security.length === 0;
      if (!open && !named('x-roles')) report({ message: 'x-roles must name who may call it.', location });
      if (!Array.isArray(operation.security)) report({ message: 'security must be said of each operation.', location });
    },
  };
}

function ErrorsAreProblems({ except = [] }) {
  return {
    Operation(operation, { report, location, resolve }) {
      if (except.includes(operation.operationId)) return;
      for (const [code, node] of Object.entries(operation.responses ?? {})) {
        if (!/^[45]/.test(code)) continue;
        const { node: response } = resolve(node);
        const schema = response?.content?.['application/problem+json']?.schema;
        if (schema?.$ref !== '#/components/schemas/Problem') {
          report({ message: `${code} must be problem+json.`, location: location.child(['responses', code]) });
        }
      }
    },
  };
}

function SuccessHasSchema() {
  return {
    Operation(operation, { report, location }) {
      for (const [code, response] of Object.entries(operation.responses ?? {})) {
        if (!code.startsWith('2') || code === '204') continue;
        const media = Object.values(response.content ?? {});
        const good = media.length > 0 && media.every((m) => Object.keys(m.schema ?? {}).length > 0 && 'example' in m);
        if (!good) report({ message: `${code} needs a schema and an example.`, location: location.child(['responses', code]) });
      }
    },
  };
}

function Headers() {
  return {
    Response(response, { report, location }) {
      if (!response.headers?.['transaction-number']) report({ message: 'transaction-number is missing.', location });
    },
    PathItem(item, { report, location, resolve }) {
      const post = item.post;
      if (!post || post.security?.length === 0) return;
      const names = (post.parameters ?? []).map((p) => resolve(p).node?.name);
      if (!names.includes('Idempotency-Key')) report({ message: 'A POST needs Idempotency-Key.', location: location.child('post') });
    },
  };
}

function EverythingDescribed() {
  const described = (node, resolve) => Boolean(node.description || (node.$ref && resolve(node).node?.description));
  return {
    NamedSchemas(schemas, { report, location, resolve }) {
      for (const [name, schema] of Object.entries(schemas)) {
        if (!described(schema, resolve)) report({ message: `${name} needs a description.`, location: location.child(name) });
      }
    },
    SchemaProperties(properties, { report, location, resolve }) {
      for (const [name, schema] of Object.entries(properties)) {
        const parts = [schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
        const fixed = schema.const !== undefined || schema.enum?.length === 1;
        if (!fixed && !parts.some((part) => described(part, resolve))) {
          report({ message: `${name} needs a description.`, location: location.child(name) });
        }
      }
    },
  };
}

export default function datawarden() {
  return {
    id: 'datawarden',
    rules: {
      oas3: {
        'both-languages': BothLanguages,
        clauses: Clauses,
        'errors-are-problems': ErrorsAreProblems,
        'success-has-schema': SuccessHasSchema,
        headers: Headers,
        'everything-described': EverythingDescribed,
      },
    },
  };
}
