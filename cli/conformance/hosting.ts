import { randomUUID } from 'node:crypto';
import { modelOf, require, type Bench, type Case } from './case.ts';
import { readExtension } from './extensions.ts';

const root = '/2020-11-20';

const get = async ({ target }: Bench, path: string): Promise<Readonly<Record<string, unknown>>> => {
  const response = await target.raw({ method: 'GET', path: `${root}${path}`, headers: {} });
  const answer = await readExtension(response);
  require(response.status === 200, `answered ${response.status}: ${String(answer['Message'])}`);
  return answer;
};

const stopping = ({ target }: Bench, path: string, token: string): Promise<Response> =>
  target.raw({ method: 'POST', path: `${root}${path}`, headers: { 'x-amzn-client-token': token } });

const runsOf = async (
  bench: Bench,
): Promise<readonly { readonly RunId?: string; readonly Status?: string }[]> => {
  const { ProjectName, ModelVersion } = modelOf(bench);
  const { Runs } = await get(bench, `/projects/${ProjectName}/models/${ModelVersion}/runs`);
  require(Array.isArray(Runs), 'answered no Runs');
  return Runs as never;
};

interface Asked {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
}

const policyAnswer = async (
  bench: Bench,
  { method, path, body }: Asked,
): Promise<Readonly<Record<string, unknown>>> => {
  const response = await bench.target.raw({
    method,
    path: `${root}${path}`,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    headers: {
      'content-type': 'application/json',
      ...(method !== 'GET' && { 'x-amzn-client-token': randomUUID() }),
    },
  });
  const answer = await readExtension(response);
  require(response.status === 200, `answered ${response.status}: ${String(answer['Message'])}`);
  return answer;
};

/** A lease that no case runs long enough to feel. */
const policy = { MaxRunMinutes: 525_600 };
const projectPolicy = ({ project }: Bench): string => `/projects/${project}/hostingpolicy`;
const modelPolicy = (bench: Bench): string => {
  const { ProjectName, ModelVersion } = modelOf(bench);
  return `/projects/${ProjectName}/models/${ModelVersion}/hostingpolicy`;
};

/** Put, get and delete, of a project and of a model. */
const policyCases: readonly Case[] = (
  [
    ['', projectPolicy],
    ['Model', modelPolicy],
  ] as const
).flatMap(([of, pathOf]) => [
  {
    operation: `Put${of}HostingPolicy`,
    title: 'puts a policy',
    async run(bench: Bench) {
      const body = { HostingPolicy: policy };
      const { HostingPolicy } = await policyAnswer(bench, { method: 'POST', path: pathOf(bench), body });
      require(JSON.stringify(HostingPolicy) === JSON.stringify(policy), 'answered another policy');
      return '200';
    },
  },
  {
    operation: `Get${of}HostingPolicy`,
    title: 'tells the policy in force',
    async run(bench: Bench) {
      const { PolicyInForce } = await policyAnswer(bench, { method: 'GET', path: pathOf(bench) });
      const { MaxRunMinutes } = PolicyInForce as { readonly MaxRunMinutes?: number };
      require(MaxRunMinutes === policy.MaxRunMinutes, 'tells another policy than the one that was put');
      return 'the one that was put';
    },
  },
  ...(of === ''
    ? [
        {
          operation: 'ListHostingPolicies',
          title: 'lists it',
          async run(bench: Bench) {
            const { HostingPolicies } = await policyAnswer(bench, {
              method: 'GET',
              path: '/hostingpolicies',
            });
            require(Array.isArray(HostingPolicies) && HostingPolicies.length > 0, 'lists none');
            return `${(HostingPolicies as unknown[]).length} policies`;
          },
        },
      ]
    : []),
  {
    operation: `Delete${of}HostingPolicy`,
    title: 'deletes it, and deletes it again',
    async run(bench: Bench) {
      for (let time = 0; time < 2; time += 1)
        await policyAnswer(bench, { method: 'DELETE', path: pathOf(bench) });
      return '200';
    },
  },
]);

/** Extensions about models that run, or ran: behind the cases that start one. */
export const hostingCases: readonly Case[] = [
  {
    operation: 'ListRuns',
    title: 'tells of the runs of a version',
    async run(bench) {
      const runs = await runsOf(bench);
      if (bench.hosted === true)
        require(runs[0]?.Status === 'HOSTED', 'does not tell of the run that is hosted');
      return `${runs.length} runs`;
    },
  },
  {
    operation: 'DescribeRun',
    title: 'tells what happened to a run',
    async run(bench) {
      const { ProjectName, ModelVersion } = modelOf(bench);
      const [run] = await runsOf(bench);
      const path = `/projects/${ProjectName}/models/${ModelVersion}/runs`;
      if (run === undefined) {
        const { status } = await bench.target.raw({
          method: 'GET',
          path: `${root}${path}/none`,
          headers: {},
        });
        require(status === 404, `answered ${status} for a run that is not there`);
        return '404, for there is none';
      }
      const { RunDescription } = await get(bench, `${path}/${String(run.RunId)}`);
      const { Timeline = [] } = RunDescription as { readonly Timeline?: readonly unknown[] };
      require(Timeline.length > 0, 'tells no step of a run');
      return `${Timeline.length} steps`;
    },
  },
  {
    operation: 'GetUsage',
    title: 'tells what hosting came to this month',
    async run(bench) {
      const { Usage } = await get(bench, '/usage');
      require(Array.isArray(Usage), 'answered no Usage');
      return `${(Usage as unknown[]).length} rows`;
    },
  },
  {
    operation: 'ListHostedModels',
    title: 'tells what runs, of all projects',
    async run(bench) {
      const { HostedModels } = await get(bench, '/hostedmodels');
      require(Array.isArray(HostedModels), 'answered no HostedModels');
      const own = (HostedModels as { readonly ProjectName?: string }[]).filter(
        ({ ProjectName }) => ProjectName === bench.project,
      );
      require(own.length > 0 ===
        (bench.hosted === true), `tells of ${own.length} models of ${bench.project}`);
      return `${(HostedModels as unknown[]).length} models`;
    },
  },
  {
    operation: 'StopAllModels',
    // Others may depend on what runs: nobody tries this one out on them.
    title: 'refuses what is no client token, and stops nothing',
    async run(bench) {
      const response = await stopping(bench, '/stop', 'no token!');
      await readExtension(response);
      require(response.status === 400, `answered ${response.status}`);
      return '400';
    },
  },
  {
    operation: 'StopProjectModels',
    title: 'of a project that is not there is refused',
    async run(bench) {
      const response = await stopping(bench, `/projects/${bench.project}-none/stop`, randomUUID());
      await readExtension(response);
      require(response.status === 404, `answered ${response.status}`);
      return '404';
    },
  },
  ...policyCases,
];
