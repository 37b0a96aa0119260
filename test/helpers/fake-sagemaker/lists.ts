import type { Input } from './service-error.ts';
import type { Named, World } from './world.ts';

type Operation = (world: World, input: Input) => Readonly<Record<string, unknown>>;

/** In pages of at most two, so that whoever reads but the first is found out. */
const pageOf = (
  all: ReadonlyMap<string, Named>,
  { NameContains, NextToken }: Input,
): { readonly page: readonly Named[]; readonly NextToken?: string } => {
  const found = [...all.values()].filter(
    ({ name }) => typeof NameContains !== 'string' || name.includes(NameContains),
  );
  const from = Number(NextToken ?? 0);
  return {
    page: found.slice(from, from + 2),
    ...(found.length > from + 2 && { NextToken: String(from + 2) }),
  };
};

const list =
  (members: string, noun: string, all: (world: World) => ReadonlyMap<string, Named>): Operation =>
  (world, input) => {
    const { page, ...more } = pageOf(all(world), input);
    return {
      [members]: page.map(({ name, arn }) => ({ [`${noun}Name`]: name, [`${noun}Arn`]: arn })),
      ...more,
    };
  };

export const lists: Readonly<Record<string, Operation>> = {
  ListEndpoints: list('Endpoints', 'Endpoint', ({ endpoints }) => endpoints),
  ListEndpointConfigs: list('EndpointConfigs', 'EndpointConfig', ({ configs }) => configs),
  ListModels: list('Models', 'Model', ({ models }) => models),
  ListModelPackages: list('ModelPackageSummaryList', 'ModelPackage', ({ packages }) => packages),
};
