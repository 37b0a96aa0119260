import {
  callJson,
  callQuery,
  callService,
  type Caller,
  type ServiceCall,
} from '../../cli/preflight/service-call.ts';
import { account, region, rootUser } from './emulator.ts';

/** A user of the emulator's account, whose signatures and policies it checks. */
export interface User {
  readonly name: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const root: Caller = { region, credentials: () => Promise.resolve(rootUser) };

const element = (xml: string, name: string): string => {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? [];
  if (text === undefined) throw new Error(`There is no ${name} in ${xml.slice(0, 500)}`);
  return text;
};
const elements = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) => text);

const iam = (parameters: Readonly<Record<string, string>>): Promise<string> =>
  callQuery(root, 'iam', { Version: '2010-05-08', ...parameters });

/** Makes a user who may do what the statements say. */
export async function createUser(name: string, statements: readonly object[]): Promise<User> {
  await iam({ Action: 'CreateUser', UserName: name });
  await iam({
    Action: 'PutUserPolicy',
    UserName: name,
    PolicyName: 'own',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
  });
  const key = await iam({ Action: 'CreateAccessKey', UserName: name });
  return {
    name,
    accessKeyId: element(key, 'AccessKeyId'),
    secretAccessKey: element(key, 'SecretAccessKey'),
  };
}

const rest = async (call: ServiceCall): Promise<Record<string, unknown>> =>
  JSON.parse(await callService(root, { method: 'GET', ...call })) as Record<string, unknown>;
const json = (service: string, target: string, input: object = {}): Promise<Record<string, unknown>> =>
  callJson(root, service, target, input, service === 'dynamodb' || service === 'states' ? '1.0' : '1.1');

const names = (answer: Record<string, unknown>, list: string, member?: string): string[] =>
  (Array.isArray(answer[list]) ? (answer[list] as readonly unknown[]) : []).map((each) =>
    member === undefined ? String(each) : String((each as Record<string, unknown>)[member]),
  );

export interface FunctionOfStack {
  readonly name: string;
  readonly handler: string;
}

/** @param prefix what their names begin with */
export async function functionsOf(prefix: string): Promise<FunctionOfStack[]> {
  const found: FunctionOfStack[] = [];
  let marker: string | undefined;
  do {
    const page = await rest({
      service: 'lambda',
      path: '/2015-03-31/functions',
      query: { MaxItems: '50', ...(marker !== undefined && { Marker: marker }) },
    });
    for (const each of page['Functions'] as { FunctionName: string; Handler: string }[])
      found.push({ name: each.FunctionName, handler: each.Handler });
    marker =
      typeof page['NextMarker'] === 'string' && page['NextMarker'] !== '' ? page['NextMarker'] : undefined;
  } while (marker !== undefined);
  return found.filter(({ name }) => name.startsWith(prefix));
}

/** What an invocation came to: its payload, and the type of the error if it is one. */
export async function invoke(name: string, payload: object): Promise<{ errorType?: string; text: string }> {
  const text = await callService(root, {
    service: 'lambda',
    path: `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(payload),
  });
  const answer: unknown = text === '' ? {} : JSON.parse(text);
  const errorType =
    typeof answer === 'object' && answer !== null && 'errorType' in answer
      ? String(answer.errorType)
      : undefined;
  return { text, ...(errorType !== undefined && { errorType }) };
}

/** What there is in the account, by kind, as `kind name`. */
export async function inventory(): Promise<string[]> {
  const kinds: Readonly<Record<string, () => Promise<string[]>>> = {
    stack: async () =>
      elements(
        await callQuery(root, 'cloudformation', { Action: 'DescribeStacks', Version: '2010-05-15' }),
        'StackName',
      ),
    bucket: async () => elements(await callService(root, { service: 's3', method: 'GET' }), 'Name'),
    table: async () => names(await json('dynamodb', 'DynamoDB_20120810.ListTables'), 'TableNames'),
    function: async () => (await functionsOf('')).map(({ name }) => name),
    layer: async () =>
      names(await rest({ service: 'lambda', path: '/2018-10-31/layers' }), 'Layers', 'LayerName'),
    machine: async () =>
      names(await json('states', 'AWSStepFunctions.ListStateMachines'), 'stateMachines', 'name'),
    log: async () =>
      names(await json('logs', 'Logs_20140328.DescribeLogGroups'), 'logGroups', 'logGroupName'),
    rule: async () => names(await json('events', 'AWSEvents.ListRules'), 'Rules', 'Name'),
    api: async () => names(await rest({ service: 'apigateway', path: '/restapis' }), 'item', 'name'),
    role: async () =>
      elements(await iam({ Action: 'ListRoles', MaxItems: '1000' }), 'RoleName').filter(
        (name) => !name.startsWith('AWSServiceRole'),
      ),
    alarm: async () =>
      elements(
        await callQuery(root, 'monitoring', { Action: 'DescribeAlarms', Version: '2010-08-01' }),
        'AlarmName',
      ),
  };
  const found: string[] = [];
  for (const [kind, list] of Object.entries(kinds))
    for (const name of await list()) found.push(`${kind} ${name}`);
  return found.sort();
}

/** What a policy says of a deployment's API, as docs/deploying.md has it. */
export const invokeStatement = (apiId: string, ...paths: readonly string[]): object => ({
  Effect: 'Allow',
  Action: 'execute-api:Invoke',
  Resource: paths.map((path) => `arn:aws:execute-api:${region}:${account}:${apiId}/*/${path}`),
});
