import type { Input } from './service-error.ts';
import type { Named, World } from './world.ts';

type Operation = (world: World, input: Input) => Readonly<Record<string, unknown>>;

/** One page of what there is of a kind, by name; the token is the name where the next page begins. */
function listing(of: (world: World) => ReadonlyMap<string, Named>, list: string, noun: string): Operation {
  return (world, { NameContains = '', MaxResults = 10, NextToken = '' }) => {
    const names = [...of(world).keys()].filter((name) => name.includes(String(NameContains)) && name >= String(NextToken)).sort();
    const page = names.slice(0, Number(MaxResults));
    const next = names[page.length];
    return {
      [list]: page.map((name) => ({ [`${noun}Name`]: name, [`${noun}Arn`]: of(world).get(name)?.arn, CreationTime: (of(world).get(name)?.created ?? 0) / 1000 })),
      ...(next !== undefined && { NextToken: next }),
    };
  };
}

export const listings: Readonly<Record<string, Operation>> = {
  ListEndpoints: listing(({ endpoints }) => endpoints, 'Endpoints', 'Endpoint'),
  ListEndpointConfigs: listing(({ configs }) => configs, 'EndpointConfigs', 'EndpointConfig'),
  ListModels: listing(({ models }) => models, 'Models', 'Model'),
  ListModelPackages: listing(({ packages }) => packages, 'ModelPackageSummaryList', 'ModelPackage'),
};
