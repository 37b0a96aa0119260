import type { Shape } from './shape.ts';
import { datasetShapes } from './shapes/datasets.ts';
import { hostingShapes } from './shapes/hosting.ts';
import { modelShapes } from './shapes/models.ts';
import { packagingShapes } from './shapes/packaging.ts';
import { pictureShapes } from './shapes/pictures.ts';
import { projectShapes } from './shapes/projects.ts';
import { scalarShapes } from './shapes/scalars.ts';

// Constraints are those of the service's published description, version 2020-11-20. Its patterns are mostly
// unanchored there; read literally they would accept anything, so every pattern here is a full match. `tag`
// patterns need the `u` flag, `Color` breaks with it.
export const shapes = {
  ...projectShapes,
  ...datasetShapes,
  ...modelShapes,
  ...hostingShapes,
  ...packagingShapes,
  ...pictureShapes,
  ...scalarShapes,
} as const satisfies Record<string, Shape>;

export type ShapeName = keyof typeof shapes;

type Required<M> = {
  [K in keyof M as M[K] extends { readonly required: true } ? K : never]: M[K] extends {
    readonly shape: infer S;
  }
    ? ValueOf<S>
    : never;
};
type Optional<M> = {
  [K in keyof M as M[K] extends { readonly required: true } ? never : K]?: M[K] extends {
    readonly shape: infer S;
  }
    ? ValueOf<S>
    : never;
};
type Flat<T> = { [K in keyof T]: T[K] };

type ValueOf<Name> = Name extends ShapeName ? Value<Name> : never;

/** The TypeScript value that a shape describes: timestamps are epoch milliseconds, blobs are bytes. */
export type Value<Name extends ShapeName> = (typeof shapes)[Name] extends {
  readonly type: 'structure';
  readonly members: infer M;
}
  ? Flat<Required<M> & Optional<M>>
  : (typeof shapes)[Name] extends { readonly type: 'list'; readonly of: infer Item }
    ? readonly ValueOf<Item>[]
    : (typeof shapes)[Name] extends { readonly type: 'string'; readonly enum: readonly (infer Each)[] }
      ? Each
      : (typeof shapes)[Name] extends { readonly type: 'string' }
        ? string
        : (typeof shapes)[Name] extends { readonly type: 'boolean' }
          ? boolean
          : (typeof shapes)[Name] extends { readonly type: 'blob' }
            ? Uint8Array
            : number;

export type ModelStatus = Value<'ModelStatus'>;
export type HostingStatus = Value<'ModelHostingStatus'>;
export type DatasetStatus = Value<'DatasetStatus'>;
